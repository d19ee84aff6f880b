"""FID and factor distance of a run, and `compute-fid`: what they measure, keep, skip and refuse."""

import json

import h5py
import numpy as np
import pytest
import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

import sae_src as sae
from omnilearn.data import Subset
from omnilearn.data.shapes.dataset import Shapes
from omnilearn.errors import UserError
from omnilearn.evaluation.measures import Unavailable
from omnilearn.tensor_files import load_tensors
from sae_src.sample_quality.frechet import Moments, frechet_distance
from sae_src.sample_quality.measures import FactorDistance, data_batches
from sae_src.sample_quality.samples import kinds_of, sample_batches
from sae_src.sample_quality.statistics import read_statistics, write_statistics

EVAL = "--step-limit 1 --device cpu"
FEW = "--fid.n-samples 12 --fid.batch-size 5 --fid.dim 64 --factor-distance null"


def results(run, ident):
    scores = EventAccumulator(str(run))
    scores.Reload()
    tags = {tag for tag in scores.Tags()["scalars"] if tag.startswith(f"{ident}/")}
    return json.loads((run / f"{ident}.json").read_text()), load_tensors(run / f"{ident}.pth.tar"), tags


@pytest.fixture
def statistics(shapes_root, weights, trusted, fig):
    """Statistics of the test set, gone after the test."""
    path = fig(f"compute-fid d/shapes --mode test --dim 64 --n-samples 12 --device cpu --weights {weights}")
    assert path == shapes_root / "shapes" / "fid_stats.h5"
    yield path
    path.unlink()


@pytest.mark.slow
def test_fid_of_every_kind_of_samples(fig, images_run, weights, statistics):
    outcome = fig(f"eval --load {images_run} --mode test --ident all {EVAL} {FEW} --fid.weights {weights}")
    kinds = ("rec", "prior", "hybrid")
    summary, kept, tags = results(images_run, "all")
    assert set(outcome.scores) == {"loss", "rec_loss", "reg_loss", *(f"{kind}_fid" for kind in kinds)}
    assert tags >= {f"all/{kind}_fid" for kind in kinds}
    sizes = {"dim": 64, "n_samples": 12, "batch_size": 5, "reference_n_samples": 12}
    assert summary["FID"] == {**sizes, "reference": "test", "notes": []}
    known = read_statistics(statistics, "test", 64).moments
    for kind in kinds:
        found = Moments(*kept[f"{kind}_fid_stats"])
        assert found.mean.shape == (64,) and found.covariance.dtype == torch.float64
        assert kept[f"{kind}_fid"] == summary["scores"][f"{kind}_fid"] == pytest.approx(frechet_distance(known, found))


@pytest.mark.slow
def test_other_parts_are_compared_with_the_training_set(fig, images_run, weights, statistics):
    fig(f"compute-fid d/shapes --fid-dim 64 --n-samples 12 --device cpu --weights {weights}")
    for mode, reference in (("val", "train"), ("test", "test")):
        fig(f"eval --load {images_run} --mode {mode} --ident part_{mode} {EVAL} {FEW} --fid.weights {weights}")
        assert results(images_run, f"part_{mode}")[0]["FID"]["reference"] == reference


@pytest.mark.slow
def test_segments_can_be_asked_for_and_kinds_left_out(fig, images_run, weights, statistics):
    command = f"eval --load {images_run} --mode test --ident some --overwrite yes {EVAL} {FEW} --fid.weights {weights}"
    assert {"rec_fid", "hyb-grp_fid"} <= set(fig(f"{command} --fid.kinds [rec,hyb-grp]").scores)
    left = fig(f"{command} --skip-rec-fid yes --skip-hyb-fid yes").scores
    assert "prior_fid" in left and not {"rec_fid", "hybrid_fid"} & set(left)
    grouped = fig(f"{command} --override.model.hybridize-groups yes").scores
    assert "hyb-grp_fid" in grouped and "hybrid_fid" not in grouped


@pytest.mark.slow
def test_the_same_samples_each_time(fig, images_run, weights, statistics):
    command = f"eval --load {images_run} --mode test --ident again {EVAL} {FEW} --fid.weights {weights}"
    assert fig(command).scores == fig(command).scores


def test_without_weights_the_rest_is_evaluated(fig, images_run, tmp_path, caplog, capsys, monkeypatch):
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    outcome = fig(f"eval --load {images_run} --ident bare {EVAL}")
    assert set(outcome.scores) == {"loss", "rec_loss", "reg_loss"}
    summary, kept, _ = results(images_run, "bare")
    (note,) = summary["FID"]["notes"]
    assert "not measured" in note and ("weights of the network are missing" in note or "pip install" in note)
    assert "latent" in kept and caplog.text == ""
    (line,) = [line for line in capsys.readouterr().out.splitlines() if line.startswith("not measured")]
    assert "FID (" in line and line.endswith("Fréchet distance (factor net) (fig train-factor-net d/shapes)")


@pytest.mark.slow
def test_without_statistics_of_the_data_those_of_the_samples_are_kept(fig, images_run, weights, trusted, caplog):
    outcome = fig(f"eval --load {images_run} --ident alone {EVAL} {FEW} --fid.weights {weights}")
    assert set(outcome.scores) == {"loss", "rec_loss", "reg_loss"} and "fig compute-fid" in caplog.text
    summary, kept, _ = results(images_run, "alone")
    assert summary["FID"]["reference"] is None and kept["rec_fid_stats"][1].shape == (64, 64)


@pytest.mark.slow
def test_factor_distance(fig, images_run, tmp_path):
    net = fig(f"train-factor-net d/shapes --steps 2 --batch-size 4 --n-samples 20 --device cpu --out {tmp_path}/net")
    before = set(images_run.glob("events*"))
    outcome = fig(
        f"eval --load {images_run} --mode test --ident factor {EVAL} --fid null "
        f"--factor-distance.n-samples 20 --factor-distance.network {net}"
    )
    names = {f"{kind}_factor_distance" for kind in ("rec", "prior", "hybrid")}
    assert names <= set(outcome.scores) and not any("fid" in name for name in outcome.scores)
    summary, _, tags = results(images_run, "factor")
    assert {f"factor/{name}" for name in names} <= tags
    assert len(set(images_run.glob("events*")) - before) == 1  # of losses, pictures and distances
    about = summary["Fréchet distance (factor net)"]
    assert about["reference"] == "test" and about["n_samples"] == 20 and about["net"]["steps"] == 2


@pytest.mark.slow
def test_a_training_run_measures_at_its_end(fig, runs, tmp_path):
    net = fig(f"train-factor-net d/shapes --steps 1 --batch-size 2 --n-samples 8 --device cpu --out {tmp_path}/net")
    run = fig(
        "train hybrid a/conv12 m/ae d/shapes --budget 1 --dataset.batch-size 4 --model.channels 8 --validation null "
        "--viz null --name-include-date no --name end --device cpu --evaluation.step-limit 1 --fid null "
        f"--factor-distance.n-samples 8 --factor-distance.network {net}"
    )
    assert {"rec_factor_distance", "hybrid_factor_distance"} <= set(
        json.loads((run / "eval.json").read_text())["scores"]
    )


def test_vectors_have_no_fid(fig, runs, caplog):
    run = fig(
        "train a/conv12 m/ae d/vec --budget 1 --dataset.num-samples 600 --device cpu --validation null --viz null "
        "--fid._type fid"
    )
    assert "needs a model of images" in caplog.text
    assert "needs a model of images" in json.loads((run / "eval.json").read_text())["FID"]["notes"][0]


@pytest.mark.slow
def test_measuring_leaves_the_global_generator_alone(fig, images_run, tmp_path):
    net = fig(f"train-factor-net d/shapes --steps 1 --batch-size 2 --n-samples 8 --device cpu --out {tmp_path}/net")
    run = sae.load_run(images_run)
    model, data = run.model, run.data  # read before, since building them draws too
    measure = FactorDistance(n_samples=6, batch_size=3, network=net)
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    first = measure.measure(model, data, "val", 0, stop=lambda: None)
    assert torch.equal(torch.rand(3), expected)
    assert measure.measure(model, data, "val", 0, stop=lambda: None).scores == first.scores


@pytest.mark.parametrize("count", [1, 5, 8, 23])
def test_as_many_samples_as_asked_for(images_run, shapes_root, count):
    run = sae.load_run(images_run)
    part = Subset(Shapes(shapes_root), torch.arange(7))
    for kind in ("rec", "prior", "hybrid", "hyb-grp"):
        batches = list(sample_batches(run.model, kind, count, subset=part, batch_size=4, seed=0))
        assert sum(map(len, batches)) == count and all(batch.shape[1:] == (3, 64, 64) for batch in batches)


def test_kinds_that_a_model_does_not_have(images_run, shapes_root):
    plain = sae.build_model("a/conv12", "m/ae", "d/vec", shape=(100,))
    assert kinds_of(plain) == ["rec"]
    untrained = sae.build_model("hybrid", "nosplit", "a/e/conv12", "a/d/strc/12", "m/vae", "d/vec", shape=(100,))
    assert kinds_of(untrained) == ["rec", "prior"]
    with pytest.raises(ValueError, match="no prior samples: the method has no prior"):
        next(
            sample_batches(plain, "prior", 1, subset=Subset(Shapes(shapes_root), torch.arange(2)), batch_size=1, seed=0)
        )


def test_observations_of_statistics_are_all_different(shapes_root):
    batches = list(data_batches(Shapes(shapes_root), 50, batch_size=20, seed=0))
    assert [len(batch) for batch in batches] == [20, 20, 10]
    assert len(torch.cat(batches).flatten(1).unique(dim=0)) == 50


@pytest.mark.slow
def test_statistics_are_computed_once(fig, statistics, weights, capsys):
    command = f"compute-fid d/shapes --mode test --dim 64 --n-samples 8 --device cpu --weights {weights}"
    before = statistics.read_bytes()
    assert fig(command) is None and "--overwrite yes" in capsys.readouterr().out
    assert statistics.read_bytes() == before
    assert fig(f"{command} --overwrite yes") == statistics
    with h5py.File(statistics) as file:
        assert set(file) == {"test_64_mu", "test_64_sigma"}
        assert file["test_64_mu"].attrs["n_samples"] == 8 and "torch" in file["test_64_mu"].attrs


@pytest.mark.slow
def test_statistics_equal_those_of_the_features(fig, statistics, weights, shapes_root):
    from sae_src.sample_quality.inception import load_inception

    images = torch.cat(list(data_batches(Shapes(shapes_root).in_mode("test"), 12, batch_size=50, seed=0)))
    features = load_inception(64, weights)(images).double().numpy()
    mean, covariance = read_statistics(statistics, "test", 64).moments
    np.testing.assert_allclose(mean, features.mean(0), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(covariance, np.cov(features, rowvar=False), rtol=1e-4, atol=1e-6)


@pytest.mark.slow
def test_other_files_and_names(fig, weights, trusted, tmp_path):
    command = f"compute-fid d/shapes --n-samples 4 --dim 64 --device cpu --weights {weights} --ident mine"
    for key in ("out", "out-path", "save-path"):
        assert fig(f"{command} --{key} {tmp_path}/{key}.h5") == tmp_path / f"{key}.h5"
        assert read_statistics(tmp_path / f"{key}.h5", "mine", 64) is not None


def test_statistics_of_the_published_system_are_read_and_kept(tmp_path):
    path = tmp_path / "fid_stats.h5"
    with h5py.File(path, "w") as file:
        file["train_192_mu"], file["train_192_sigma"] = np.arange(192.0), np.eye(192)
    moments, about = read_statistics(path, "train", 192)
    assert moments.mean[5] == 5 and about == {}
    assert read_statistics(path, "test", 192) is None and read_statistics(path, "train", 64) is None
    write_statistics(path, "test", Moments(torch.zeros(192), torch.eye(192)), {})
    assert read_statistics(path, "train", 192).moments.mean[5] == 5
    assert read_statistics(path, "test", 192).moments.mean[5] == 0


def test_damaged_statistics(tmp_path):
    path = tmp_path / "fid_stats.h5"
    path.write_bytes(b"not a file of HDF5")
    with pytest.raises(Unavailable, match="damaged"):
        read_statistics(path, "train", 64)
    path.unlink()
    with h5py.File(path, "w") as file:
        file["train_64_mu"] = np.zeros(64)
    with pytest.raises(Unavailable, match="train_64_sigma"):
        read_statistics(path, "train", 64)
    with h5py.File(path, "a") as file:
        file.create_dataset("train_64_sigma", shape=(10**9, 10**9), dtype="f8", chunks=(64, 64))
    with pytest.raises(Unavailable, match="train_64_sigma"):
        read_statistics(path, "train", 64)


@pytest.mark.parametrize("where", ["external", "link", "virtual"])
def test_statistics_are_not_read_from_elsewhere(tmp_path, where):
    secret, path = tmp_path / "secret.h5", tmp_path / "fid_stats.h5"
    with h5py.File(secret, "w") as file:
        file["secret"] = np.ones(64)
    with h5py.File(path, "w") as file:
        if where == "external":
            file.create_dataset("train_64_mu", (64,), "f8", external=[(str(secret), 0, 512)])
        elif where == "link":
            file["train_64_mu"] = h5py.ExternalLink(str(secret), "secret")
        else:
            layout = h5py.VirtualLayout((64,), "f8")
            layout[:] = h5py.VirtualSource(str(secret), "secret", (64,))
            file.create_virtual_dataset("train_64_mu", layout)
        file["train_64_sigma"] = np.eye(64)
    with pytest.raises(Unavailable, match="train_64_mu"):
        read_statistics(path, "train", 64)
    write_statistics(path, "test", Moments(torch.zeros(64), torch.eye(64)), {})
    with h5py.File(path) as file:
        assert set(file) == {"train_64_sigma", "test_64_mu", "test_64_sigma"}


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("compute-fid", "which data"),
        ("compute-fid d/shapes --dim 64 --fid-dim 192", "give one of them"),
        ("compute-fid d/shapes --out .", "is a folder"),
        ("compute-fid d/vec", "needs images"),
        ("compute-fid d/shapes --dim 100", "dim: expected"),
        ("compute-fid d/shapes --n-samples 1", "n_samples must be at least 2"),
        ("compute-fid d/shapes --mod test", "mod is not a key"),
        ("compute-fid d/shapes --dim 64 --fid-dim 192", "dim: is 64, but fid_dim is 192: give one of them"),
        ("compute-fid d/shapes --out a.h5 --save-path b.h5", "out: out_path and save_path are other names for it"),
    ],
)
def test_mistakes(fig, command, message):
    with pytest.raises(UserError, match=message):
        fig(command)


def test_sets_that_there_are_not(fig, weights, trusted):
    with pytest.raises(UserError, match="mode: expected one of"):
        fig(f"compute-fid d/shapes --mode valid --weights {weights}")
