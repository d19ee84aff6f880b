"""A user's own arrays: layouts, files, factors, splits, and what is refused."""

import h5py
import numpy as np
import pandas
import pytest
import torch
from PIL import Image
from torchvision.transforms import functional

import sae_src as sae
from omnilearn.assembly import build_data
from omnilearn.data.own.array import own_array
from omnilearn.data.own.given import as_columns, keep_given
from omnilearn.data.own.one_array import as_array
from omnilearn.errors import UserError

random = np.random.default_rng(0)
GREY = random.integers(0, 256, (12, 32, 32), dtype=np.uint8)
COLOURED = random.integers(0, 256, (12, 40, 50, 3), dtype=np.uint8)
SHAPE, SIZE = np.repeat(np.arange(3), 4), np.tile([0.5, 1.0], 6)


def everything(data):
    full = data.in_mode("full")
    return full.batch(torch.arange(len(full)))


@pytest.mark.parametrize("kind", ["uint8", "float"])
@pytest.mark.parametrize("layout", ["hw", "hwc", "chw"])
def test_images_of_any_layout(tmp_path, data_root, layout, kind):
    images = {"hw": GREY, "hwc": GREY[..., None], "chw": GREY[:, None]}[layout]
    path = tmp_path / "images.npy"
    np.save(path, images if kind == "uint8" else images / 255)
    data = own_array(path)
    assert data.din == (1, 32, 32) and (len(data), len(data.in_mode("test"))) == (10, 2)
    assert torch.equal(everything(data), torch.from_numpy(GREY)[:, None].float() / 255)


def test_images_are_resized_and_cropped_as_by_torchvision(tmp_path, data_root):
    path = tmp_path / "images.npy"
    np.save(path, COLOURED)
    images = torch.from_numpy(COLOURED).permute(0, 3, 1, 2)
    expected = functional.center_crop(functional.resize(images, [64], antialias=True), [64, 64]).float() / 255
    assert torch.equal(everything(own_array(path, image_size=64)), expected)
    assert own_array(path).din == (3, 32, 32)
    assert own_array(path, channels=1).din == (1, 32, 32)
    assert len(list(data_root.glob("own/*/*.npy"))) == 3 and not list(tmp_path.glob("*.json"))


@pytest.mark.parametrize("suffix", ["npz", "h5"])
def test_factors_beside_images(tmp_path, data_root, suffix, capsys):
    path, factors = tmp_path / f"set.{suffix}", np.stack([SHAPE, SIZE], 1)
    if suffix == "npz":
        np.savez_compressed(path, images=GREY, factors=factors, factor_names=["shape", "size"], names=["a", "b"])
    else:
        with h5py.File(path, "w") as file:
            file["images"], file["factors"], file["factor_names"], file["names"] = GREY, factors, ["shape", "size"], [0]
    data = own_array(path)
    assert f"set.{suffix}: not read: names (factors are read from 'factors'" in capsys.readouterr().out
    assert tuple(data.factor_names) == ("shape", "size") and data.grid is None
    assert (
        data.factors(torch.arange(10)).tolist() == np.stack([SHAPE, SIZE == 1], 1)[data.rows(torch.arange(10))].tolist()
    )
    assert own_array(path, factors=("shape",)).factor_sizes == (3,)
    with pytest.raises(UserError, match="no column 'colour'"):
        own_array(path, factors=("colour",))


def test_vectors_take_the_widths_of_vectors(tmp_path, data_root):
    path = tmp_path / "vectors.npy"
    np.save(path, random.normal(size=(12, 7)))
    config = sae.create_config("a/conv12", "m/ae", "d/array", path=str(path))
    assert build_data(config).dataset.din == 7 and config.pull("model.conv_type", silent=True) == "dense-layer"
    assert config.pull("fid", "unset", silent=True) is None  # it is for images


@pytest.mark.parametrize(("size", "widths"), [(None, 32), (128, 128), (96, 128)])
def test_widths_follow_the_size(tmp_path, data_root, capsys, size, widths):
    path = tmp_path / "images.npy"
    np.save(path, GREY)
    config = sae.create_config("a/conv12", "m/ae", "d/array", path=str(path), image_size=size)
    assert config.pull("info.size", silent=True) == widths
    assert capsys.readouterr().err.count("using the nearest, a/size/128") == (size == 96)


def test_the_split_has_a_seed_and_a_share(tmp_path, data_root):
    path = tmp_path / "images.npy"
    np.save(path, GREY)
    tests = [own_array(path, split_seed=seed, test_share=0.5).in_mode("test") for seed in (0, 0, 1)]
    rows = [test.rows(torch.arange(len(test))).tolist() for test in tests]
    assert rows[0] == rows[1] != rows[2] and len(rows[0]) == 6
    with pytest.raises(UserError, match="test_share"):
        own_array(path, test_share=1.0)


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (GREY.astype(np.int64), "type int64"),
        (GREY / 255.0 + 1, "floats from 1"),
        (np.where(GREY > 0, GREY / 255, np.nan), "not finite"),
        (np.full((12, 3), np.nan), "not finite"),
        (np.zeros((12, 8, 8, 4), np.uint8), "no end is 1 or 3"),
        (np.zeros((12, 3, 8, 3), np.uint8), "both ends"),
        (np.zeros(12, np.uint8), "shape"),
        (np.zeros((0, 8, 8), np.uint8), "shape"),
        (GREY[:1], "single"),
        (np.array([{"a": 1}, 2], object), "Python objects"),
    ],
)
def test_arrays_that_hold_no_images_are_refused(tmp_path, data_root, array, message):
    path = tmp_path / "images.npy"
    np.save(path, array, allow_pickle=True)
    with pytest.raises(UserError, match=message):
        own_array(path)


@pytest.mark.parametrize("name", ["missing.npy", "text.npy", "text.npz", "text.h5", "text.txt"])
def test_files_that_are_none_are_refused(tmp_path, data_root, name):
    (tmp_path / "text.npy").write_text("text")
    for suffix in ("npz", "h5", "txt"):
        (tmp_path / f"text.{suffix}").write_text("text")
    with pytest.raises(UserError, match=name):
        own_array(tmp_path / name)


@pytest.mark.parametrize(
    ("factors", "message"),
    [(np.zeros((12, 1)), "one class"), (np.ones((11, 2)), "one class|11 rows"), (np.zeros((12, 2, 2)), "one row")],
)
def test_factors_that_do_not_fit_are_refused(tmp_path, data_root, factors, message):
    path = tmp_path / "set.npz"
    np.savez(path, images=GREY, factors=factors)
    with pytest.raises(UserError, match=message):
        own_array(path)


def test_vectors_that_a_small_file_claims_are_not_read(tmp_path, data_root):
    path = tmp_path / "vectors.h5"
    with h5py.File(path, "w") as file:
        file.create_dataset("vectors", (10**9, 10**6), np.float32, chunks=(1, 1000))
    with pytest.raises(UserError, match="are kept in memory"):
        own_array(path)


@pytest.mark.slow
def test_a_set_smaller_than_a_batch_trains(tmp_path, data_root, fig):
    path = tmp_path / "vectors.npy"
    np.save(path, random.normal(size=(40, 7)))
    run = fig(f"train a/conv12 m/ae d/array --path {path} --budget 3 --name own --viz null")
    assert sae.load_run(run).dataset("val").batch(torch.arange(2)).shape == (2, 7)


@pytest.mark.parametrize("count", [1, 3])
def test_items_of_a_data_set_of_torch(count):
    images = torch.rand(count, 1, 4, 4)
    for items in (list(images), [(image, 0) for image in images]):
        assert np.array_equal(as_array(items), images.numpy())


def test_a_data_set_without_items_is_refused():
    with pytest.raises(UserError, match="there are no observations"):
        as_array([])


def test_files_of_a_wrong_name_or_of_nothing_are_refused(tmp_path, data_root):
    with open(tmp_path / "several.npy", "wb") as file:
        np.savez(file, images=GREY)
    with pytest.raises(UserError, match=r"rename it to end with \.npz"):
        own_array(tmp_path / "several.npy")
    with h5py.File(tmp_path / "nothing.h5", "w") as file:
        file["images"] = h5py.Empty("f4")
    with pytest.raises(UserError, match="there is none"):
        own_array(tmp_path / "nothing.h5")
    with h5py.File(tmp_path / "scalar.h5", "w") as file:
        file["images"], file["factors"] = GREY, 3
    with pytest.raises(UserError, match="one row for each observation"):
        own_array(tmp_path / "scalar.h5")


def test_values_beyond_single_precision_are_refused(tmp_path, data_root):
    np.save(tmp_path / "vectors.npy", np.full((4, 2), 1e200))
    with pytest.raises(UserError, match="not finite"):
        own_array(tmp_path / "vectors.npy")


def test_columns_of_several_types_and_of_half_precision():
    table = np.array([["red", 1], ["blue", 2]], dtype=object)
    columns = as_columns(table, 2)
    assert columns["factor_0"].tolist() == ["red", "blue"] and columns["factor_1"].tolist() == [1, 2]
    assert np.isnan(as_columns(np.array([1, None], dtype=object), 2)["factor_0"][1])
    assert as_array(torch.ones(2, 3, dtype=torch.bfloat16)).dtype == np.float32


class Items(torch.utils.data.Dataset):
    """Four times the same item."""

    def __init__(self, item):
        self.item = item

    def __len__(self):
        return 4

    def __getitem__(self, index):
        return self.item


def test_frames_are_observations_and_columns_by_name():
    frame = pandas.DataFrame({"size": [1, 2, 1], "shape": pandas.Categorical(["cube", "ball", "cube"])})
    columns = as_columns(frame, 3)
    assert columns["size"].tolist() == [1, 2, 1] and columns["shape"].tolist() == ["cube", "ball", "cube"]
    assert as_array(frame[["size"]]).tolist() == [[1], [2], [1]]
    missing = as_columns(pandas.DataFrame({"size": pandas.array([1, None], "Int64")}), 2)["size"]
    assert np.isnan(missing).tolist() == [False, True]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (np.ma.masked_array(np.ones((3, 2)), [[0, 1]] * 3), "data: a masked array that hides values"),
        ({"images": GREY}, "got a dict"),
        ("images.npy", "got a str"),
        (Items({"image": GREY[0]}), "items of the data set are of type dict"),
        (Items(None), "of type NoneType"),
        (Items(np.ma.masked_array(np.ones(2), [0, 1])), "data: a masked array"),
    ],
)
def test_what_is_no_array_is_refused(data, message):
    with pytest.raises(UserError, match=message):
        as_array(data)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (GREY.astype(np.float32) + 2, "data: floats from 2"),
        (np.full((3, 4, 4), np.nan), "data: values that are not finite"),
        (np.array([[0.0], [1e300]]), r"data: values that are not finite \(NaN, or beyond 3.4e38\), the first in row 1"),
        (GREY[:0], "data: there are no observations"),
    ],
)
def test_what_no_data_set_takes_is_not_written(data, message, data_root):
    with pytest.raises(UserError, match=message):
        keep_given(data)
    assert not list(data_root.glob("own/*"))


@pytest.mark.parametrize(
    ("factors", "message"),
    [
        (np.ma.masked_array([0, 1, 0], [0, 0, 1]), "factors: a masked array"),
        ({"day": np.array(["2020-01-01"] * 3, "M8[D]")}, "'day' holds neither numbers nor text but datetime64"),
        ({"a\0b": [0, 1, 0]}, "character of code 0"),
    ],
)
def test_columns_of_something_else_are_refused(factors, message):
    with pytest.raises(UserError, match=message):
        as_columns(factors, 3)


def test_sparse_observations():
    assert as_array(torch.eye(3).to_sparse()).tolist() == np.eye(3).tolist()


@pytest.mark.parametrize("mode", ["P", "RGBA", "1", "LA", "L", "RGB"])
def test_images_of_pillow_are_colours(mode):
    """The numbers of a palette are no colours."""
    picture = Image.new("RGB", (4, 4), (255, 255, 255)).convert(mode)
    assert (as_array(Items((picture, 7))) == 255).all()


def test_arrays_of_python_objects_are_not_unpickled(tmp_path):
    np.savez(tmp_path / "x.npz", images=GREY, factors=np.array([["cube"]] * 12, dtype=object))
    np.save(tmp_path / "x.npy", GREY.astype(object))
    for name in ("x.npz", "x.npy"):
        with pytest.raises(UserError, match=f"{name}: an array of Python objects, which is never unpickled"):
            own_array(tmp_path / name)
