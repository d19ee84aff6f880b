"""Training from Python, and what can be done with the run: data sets, codes, pickles, scikit-learn, exports."""

import pickle

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader

import sae_src as sae
from omnilearn.errors import UserError

VECTORS = np.random.default_rng(0).normal(size=(60, 6)).astype(np.float32)
FACTORS = np.stack([np.arange(60) % 3, np.arange(60) % 2], 1)
KEYS = {"budget": 3, "latent_dim": 3, "viz": None, "print": None, "width": 8, "dataset.batch_size": 16}


@pytest.fixture(scope="module")
def places(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        root = tmp_path_factory.mktemp("python")
        patch.setenv("OMNILEARN_SAVE_DIR", str(root / "runs"))
        patch.setenv("OMNILEARN_DATA_DIR", str(root / "data"))
        yield root


@pytest.fixture(scope="module")
def run(places):
    return sae.train("hybrid", "a/conv12", "m/vae", data=VECTORS, factors=FACTORS, name="own", **KEYS)


@pytest.mark.slow
def test_a_run_of_own_data_can_be_read_back(run):
    again = sae.load_run(run.path)
    full = again.dataset("full")
    assert torch.equal(torch.stack(list(full)), torch.from_numpy(VECTORS))
    assert full.dataset.factors(torch.arange(60)).tolist() == FACTORS.tolist()
    assert run.step == 3


def test_lists_and_columns_of_several_types(places):
    factors = {"kind": ["a", "b", "c"] * 20, "size": VECTORS[:, 0].tolist(), "many": list(range(30)) * 2}
    run = sae.train("a/conv12", "m/ae", data=VECTORS.tolist(), factors=factors, name="mixed", **KEYS | {"budget": 1})
    data = run.data.dataset.in_mode("full")
    assert data.factor_names == ("kind", "size", "many") and data.factor_values[0] == ("a", "b", "c")
    assert torch.equal(data.labels(torch.arange(60))[:, 1], torch.from_numpy(VECTORS[:, 0]))
    assert torch.equal(data.batch(torch.arange(60)), torch.from_numpy(VECTORS))


@pytest.mark.slow
@pytest.mark.parametrize("workers", [0, 2])
def test_a_part_of_the_data_is_a_data_set_of_torch(run, workers):
    part = run.dataset("val")
    assert isinstance(part, torch.utils.data.Dataset)
    rows = part.batch(torch.arange(len(part)))
    assert torch.equal(part[1], rows[1]) and torch.equal(part[-1], rows[-1])
    assert torch.equal(torch.stack(list(part)), rows)
    batches = list(DataLoader(part, batch_size=2, num_workers=workers))
    assert torch.equal(torch.cat(batches), rows)
    with pytest.raises(IndexError):
        part[len(part)]


@pytest.mark.slow
def test_models_take_arrays_and_give_no_gradients(run):
    model = run.model
    codes = model.encode(VECTORS).loc
    assert torch.equal(codes, model.encode(torch.from_numpy(VECTORS)).loc) and not codes.requires_grad
    assert not model.decode(codes.numpy()).requires_grad
    matrices = [
        sae.response_matrix(kind(codes), model.encode, model.decode, scales=kind(torch.ones(3)))
        for kind in (np.asarray, torch.as_tensor)
    ]
    assert torch.equal(*matrices) and not matrices[0].requires_grad


@pytest.mark.parametrize(
    ("use", "message"),
    [
        (lambda model: model.encode(VECTORS[0]), r"encode: expected a batch of the shape \(B, 6\), got \(6,\)"),
        (
            lambda model: model.encode(torch.zeros(2, 5)),
            r"encode: expected a batch of the shape \(B, 6\), got \(2, 5\)",
        ),
        (lambda model: model.decode(np.zeros((2, 4))), r"decode: expected a batch of the shape \(B, 3\), got \(2, 4\)"),
        (lambda model: model.encode(np.float32(1)), "encode: expected a batch"),
        (lambda model: model.encode(np.ma.masked_array(VECTORS, VECTORS > 1)), "encode: a masked array"),
    ],
)
def test_what_a_model_cannot_take_is_told(use, message):
    model = sae.build_model("a/conv12", "m/ae", "d/vec", shape=6, latent_dim=3, width=8)
    with pytest.raises(UserError, match=message):
        use(model)


@pytest.mark.slow
def test_hybrids_can_be_pickled(run):
    again = pickle.loads(pickle.dumps(run.model))
    assert type(again) is type(run.model) and torch.equal(again.encode(VECTORS).loc, run.model.encode(VECTORS).loc)
    torch.manual_seed(0)
    samples = again.generate(5)
    torch.manual_seed(0)
    assert torch.equal(samples, run.model.generate(5))


@pytest.mark.slow
def test_the_encoder_is_a_transformer_of_scikit_learn(run):
    from sklearn.base import clone
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    encoder = run.encoder()
    codes = encoder.transform(VECTORS)
    assert np.array_equal(codes, run.model.encode(VECTORS).loc.numpy()) and codes.dtype == np.float32
    assert np.array_equal(clone(encoder).fit_transform(VECTORS), codes)
    assert make_pipeline(encoder, LogisticRegression()).fit(VECTORS, FACTORS[:, 0]).predict(VECTORS).shape == (60,)
    for wrong in (VECTORS[:, :5], VECTORS[:0], VECTORS[0], VECTORS.astype(object), VECTORS.astype(str)):
        with pytest.raises(ValueError, match="expected observations"):
            encoder.transform(wrong)
    with pytest.raises(ValueError, match="masked array"):
        encoder.transform(np.ma.masked_array(VECTORS, VECTORS > 1))


@pytest.mark.slow
@pytest.mark.parametrize("form", ["torch", "safetensors"])
def test_exports_of_parameters_are_read_back(run, tmp_path, form):
    if form == "safetensors":
        load = pytest.importorskip("safetensors.torch").load_file
    else:
        load = lambda path: torch.load(path, weights_only=True)  # noqa: E731
    (path,) = run.export(form, tmp_path)
    model = sae.build_model("hybrid", "a/conv12", "m/vae", "d/vec", shape=6, latent_dim=3, width=8).eval()
    model.load_state_dict(load(path))
    assert torch.equal(model.encode(VECTORS).loc, run.model.encode(VECTORS).loc)


@pytest.mark.slow
def test_exported_graphs_compute_the_same(run, tmp_path):
    for package in ("onnx", "onnxscript"):
        pytest.importorskip(package)
    runtime = pytest.importorskip("onnxruntime")
    paths = run.export("onnx", tmp_path)
    sessions = [runtime.InferenceSession(path, providers=["CPUExecutionProvider"]) for path in paths]
    (codes,) = sessions[0].run(None, {sessions[0].get_inputs()[0].name: VECTORS})
    expected = run.model.encode(VECTORS).loc
    assert np.allclose(codes, expected.numpy(), atol=1e-5)
    (decoded,) = sessions[1].run(None, {sessions[1].get_inputs()[0].name: expected.numpy()})
    assert np.allclose(decoded, run.model.decode(expected).numpy(), atol=1e-5)


@pytest.mark.slow
def test_what_cannot_be_exported_or_trained_on_is_refused(run):
    with pytest.raises(UserError, match="expected one of onnx"):
        run.export("tensorflow")
    with pytest.raises(UserError, match="factors"):
        sae.train("a/conv12", "m/ae", "d/vec", factors=FACTORS)
    with pytest.raises(UserError, match="type int64"):
        sae.train("a/conv12", "m/ae", data=VECTORS[:, :, None].astype(int))
