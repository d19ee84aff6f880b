"""Reading a run from a stranger: no download, no code, and nothing is written but in the run and the user's folders."""

import shutil
import threading
from pathlib import Path

import omnifig
import pytest
import yaml

import sae_src as sae
from omnilearn.errors import UserError
from tests.omnilearn.data.files import pictures, write_mpi3d
from tests.omnilearn.data.server import CONTENT, Server

pytestmark = pytest.mark.slow

IMAGES = pictures(48)
TRAIN = (
    "train a/conv12 m/ae d/mpi --model.channels 8 --dataset.batch-size 4 --budget 1 --viz null --validation null "
    "--include-eval no --device cpu --name-include-date no --name theirs"
)
METRICS = "eval-metrics --metrics unsupervised --num-train 8 --num-test 8 --num-latent 8 --num-response 4 --device cpu"


@pytest.fixture(scope="module")
def template(tmp_path_factory) -> Path:
    """A run of one step on images."""
    root = tmp_path_factory.mktemp("template")
    write_mpi3d(root / "data", IMAGES)
    return omnifig.main([*f"{TRAIN} --saveroot {root} --dataset.dataroot {root / 'data'}".split()])


@pytest.fixture(autouse=True)
def own(tmp_path, monkeypatch) -> Path:
    """The user's own data folder."""
    monkeypatch.setenv("OMNILEARN_DATA_DIR", str(tmp_path / "own"))
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    return tmp_path / "own"


@pytest.fixture
def theirs(template, runs) -> Path:
    """The run, under the save folder of the test."""
    return Path(shutil.copytree(template, runs / "theirs"))


def change(run: Path, dataset: dict, **keys) -> None:
    """Replace values in the stored config, the place of the data in any case."""
    config = yaml.safe_load((run / "config.yaml").read_text())
    del config["dataset"]["dataroot"]
    config = {**config, **keys, "dataset": {**config["dataset"], **dataset}}
    (run / "config.yaml").write_text(yaml.safe_dump(config))


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def commands(fig):
    """Everything that reads a run."""
    yield lambda: fig("eval --load theirs --device cpu --mode full")
    yield lambda: fig(f"{METRICS} --load theirs")
    yield lambda: fig("train --resume theirs --budget 2 --accept-changes yes")
    yield lambda: sae.load_run("theirs").dataset("full")


@pytest.fixture
def server():
    with Server() as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield running
        running.shutdown()
        thread.join()


@pytest.mark.parametrize("how", ["in the dataset", "above", "dotted", "by reference"])
def test_nothing_is_fetched(how, theirs, fig, server, tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    table = tmp_path / "sources.yaml"
    entry = {"config": "d/mpi", "licence": "-", "files": [{"path": ".ssh/authorized_keys", "urls": [server.url()]}]}
    table.write_text(yaml.safe_dump({"mpi3d/toy": entry}))
    asked = {"download": True, "sources": str(table), "dataroot": str(home)}
    if how == "in the dataset":
        change(theirs, asked)
    elif how == "above":
        change(theirs, {}, **asked)
    elif how == "dotted":
        change(theirs, {}, **{f"dataset.{key}": value for key, value in asked.items()})
    else:
        change(theirs, {key: f"<>their_{key}" for key in asked}, **{f"their_{k}": v for k, v in asked.items()})
    for command in commands(fig):
        with pytest.raises(UserError, match="there is no such file"):
            command()
    assert server.requests == []
    assert not list(home.iterdir())


def test_the_command_line_may_ask_for_a_download(theirs, fig, server, tmp_path):
    server.content["/file"] = CONTENT
    table = tmp_path / "sources.yaml"
    entry = {"config": "d/mpi", "licence": "-", "files": [{"path": "mpi3d/mpi3d_toy.npz", "urls": [server.url()]}]}
    table.write_text(yaml.safe_dump({"mpi3d/toy": entry}))
    change(theirs, {"dataroot": str(tmp_path / "gone")})
    words = f"--override.dataset.download yes --override.dataset.sources {table}"
    with pytest.raises(UserError, match="damaged"):  # it is not an archive
        fig(f"eval --load theirs --device cpu {words}")
    assert server.requests


def test_arrays_are_not_written_to_a_stored_place(theirs, fig, own, tmp_path):
    place = tmp_path / "place"
    write_mpi3d(place, IMAGES)
    change(theirs, {"dataroot": str(place)})
    before = files(place)
    for command in commands(fig):
        command()
        assert files(place) == before
    assert (own / "mpi3d" / "mpi3d_toy_images.npy").is_file()


def test_an_array_at_a_stored_place_is_read(theirs, fig, own, tmp_path):
    place = tmp_path / "place"
    write_mpi3d(place, IMAGES)
    fig(f"eval --load theirs --device cpu --mode full --override.dataset.dataroot {place}")
    assert (place / "mpi3d" / "mpi3d_toy_images.npy").is_file()
    change(theirs, {"dataroot": str(place)})
    fig("eval --load theirs --device cpu --mode full --ident again")
    assert not own.exists()


@pytest.mark.slow
def test_views_are_not_drawn_to_a_stored_place(theirs, own, tmp_path, shapes_root):
    shutil.copytree(shapes_root, own)
    place = tmp_path / "place"
    place.mkdir()
    change(theirs, {"_type": "shapes", "dataroot": str(place)})
    (own / "shapes" / "planes-v1.bin").write_bytes(b"damaged")
    assert len(sae.load_run("theirs").dataset("full")) == 480_000
    assert not list(place.iterdir())
    assert (own / "shapes" / "planes-v1.bin").stat().st_size > 1_000_000


@pytest.mark.parametrize("key", ["_type", "_mod"])
def test_a_component_of_another_folder_is_not_imported(key, theirs, fig, tmp_path):
    (theirs / ".omnifig.yml").write_text("name: x\nmodule: theirs_module\n")
    (theirs / "theirs_module.py").write_text(f"open({str(tmp_path / 'imported')!r}, 'w').close()\n")
    name = f"{theirs}:thing"
    change(theirs, {key: name if key == "_type" else {name: 1}})
    for command in commands(fig):
        with pytest.raises(UserError, match="named"):
            command()
    assert not (tmp_path / "imported").exists()


@pytest.mark.slow
def test_a_message_with_words_of_a_stranger_is_one_line_of_plain_text(theirs, shell):
    change(theirs, {"_type": "\x1b[31mred\x1b[0m\nerror: all is lost \u202e"})
    result = shell("eval --load theirs --device cpu")
    assert result.returncode == 2
    assert result.stderr.count("\n") == 1 and result.stderr.rstrip("\n").isprintable()
    assert "\\x1b[31mred" in result.stderr


def test_a_stored_config_does_not_build_on_other_files(theirs, fig, tmp_path):
    (tmp_path / "secret.yaml").write_text("a: [not, {yaml")
    change(theirs, {}, _base=[str(tmp_path / "secret.yaml")])
    with pytest.raises(UserError, match="there is no such file"):  # the data, as without it
        fig("eval --load theirs --device cpu --override.dataset.dataroot nowhere")


@pytest.mark.parametrize("name", ["other.yaml", "d/mpi.yaml", "a/b/c.yaml"])
def test_another_config_in_the_folder_of_a_run(name, theirs, fig, server, tmp_path, own):
    path = theirs / name
    path.parent.mkdir(parents=True, exist_ok=True)
    dataset = {"_type": "mpi3d", "category": "toy", "dataroot": str(tmp_path)}
    dataset |= {"download": True, "sources": server.url()}
    path.write_text(yaml.safe_dump({"dataset": dataset, "_base": "a/conv12"}))
    with pytest.raises(UserError, match=rf"{own}.*there is no such file"):
        fig(f"train a/conv12 m/ae a/size/64 base {path} --budget 1")
    assert server.requests == []


def test_a_stored_config_that_is_named_as_a_config(theirs, fig, server, tmp_path, own):
    place = tmp_path / "place"
    place.mkdir()
    change(theirs, {"download": True, "sources": server.url(), "dataroot": str(place)}, _base=[str(tmp_path / "none")])
    with pytest.raises(UserError, match=rf"{own}.*there is no such file"):
        fig(f"train {theirs / 'config.yaml'} --budget 1")
    write_mpi3d(own, IMAGES)
    fig(f"train {theirs / 'config.yaml'} --budget 1 --name again --seed 3")
    assert server.requests == [] and not list(place.iterdir())
