"""CelebA: the official files as a folder or archive, the earlier layout, the crop, the labels and the partition."""

import io
import zipfile

import numpy as np
import pytest
import torch
from PIL import Image

from omnilearn.data.sets.celeba import CelebA
from omnilearn.data.sets.celeba_tables import find_table
from omnilearn.errors import UserError
from tests.omnilearn.data.files import PARTITION, jpeg, write_celeba, write_earlier_celeba

TRAIN, TEST = [0, 2, 4, 5, 7], [1, 3, 6]


def cropped(content: bytes) -> torch.Tensor:
    """The published crop: rows 45 to 172, columns 25 to 152."""
    image = np.asarray(Image.open(io.BytesIO(content)))
    assert image.shape == (218, 178, 3)
    return torch.tensor(image[45:173, 25:153].copy()).permute(2, 0, 1).float() / 255


def expected(rows: list[int]) -> torch.Tensor:
    return torch.stack([cropped(jpeg(i)) for i in rows])


@pytest.fixture(params=["folder", "archive", "earlier"])
def layout(request, data_root):
    if request.param == "earlier":
        write_earlier_celeba(data_root)
    else:
        write_celeba(data_root, archive=request.param == "archive")
    return request.param


def test_images_and_partition(layout, data_root):
    files = {path: path.read_bytes() for path in data_root.rglob("*") if path.is_file()}
    data = CelebA()
    test = data.in_mode("test")
    assert data.din == (3, 128, 128)
    assert torch.equal(data.batch(torch.arange(len(data))), expected(TRAIN))
    assert torch.equal(test.batch(torch.arange(len(test))), expected(TEST))
    assert len(data.in_mode("full")) == len(PARTITION)
    assert all(path.read_bytes() == content for path, content in files.items())


def test_labels(layout):
    attributes = CelebA()
    rows = torch.tensor(TEST)
    wanted = (torch.arange(8 * 40).reshape(8, 40) % 3 == 0).long()
    assert torch.equal(attributes.in_mode("test").labels(torch.arange(3)), wanted[rows])
    assert attributes.label_names[:2] == ("attribute0", "attribute1") and len(attributes.label_names) == 40
    landmarks = CelebA(label_type="landmark")
    assert torch.equal(landmarks.in_mode("test").labels(torch.arange(3)), torch.arange(80).reshape(8, 10)[rows])
    assert len(landmarks.label_names) == 10
    assert torch.equal(CelebA(label_type="identity").in_mode("test").labels(torch.arange(3)), 1000 + rows)


def test_there_is_no_grid_of_factors(data_root):
    write_celeba(data_root)
    with pytest.raises(UserError, match="no grid of factors"):
        CelebA().factors(torch.arange(2))


def test_another_crop_is_another_array(data_root):
    write_celeba(data_root)
    small, large = CelebA(crop_size=64), CelebA()
    assert torch.equal(small.batch(torch.arange(5)), large.batch(torch.arange(5))[:, :, 32:96, 32:96])
    with pytest.raises(UserError, match="crop_size"):
        CelebA(crop_size=179)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("img_align_celeba/000003.jpg", b"", r"000003\.jpg.*cannot identify"),
        ("img_align_celeba/000003.jpg", jpeg(2)[:2000], r"000003\.jpg.*truncated"),
        ("img_align_celeba/000003.jpg", None, r"000003\.jpg: there is no such file"),
        (
            "list_eval_partition.txt",
            None,
            r"list_eval_partition\.txt: there is no such file.*download-dataset d/celeba",
        ),
        ("list_eval_partition.txt", b"000001.jpg zero\n", r"list_eval_partition\.txt.*zero"),
        ("list_eval_partition.txt", b"", r"list_eval_partition\.txt.*lists 0 images"),
        ("list_eval_partition.txt", b"\xff\xfe\n", r"list_eval_partition\.txt: damaged"),
    ],
)
def test_bad_files_are_named(data_root, name, content, message):
    write_celeba(data_root)
    path = data_root / "celeba" / name
    path.unlink() if content is None else path.write_bytes(content)
    with pytest.raises(UserError, match=message) as error:
        CelebA()
    assert "\n" not in str(error.value)


def test_an_image_of_another_size_is_refused(data_root):
    write_celeba(data_root)
    Image.new("RGB", (178, 219)).save(data_root / "celeba" / "img_align_celeba" / "000002.jpg")
    with pytest.raises(UserError, match=r"000002\.jpg.*178 x 219"):
        CelebA()


def test_a_damaged_archive_is_named(data_root):
    write_celeba(data_root, archive=True)
    path = data_root / "celeba" / "img_align_celeba.zip"
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(UserError, match=r"img_align_celeba\.zip.*damaged"):
        CelebA()


def test_an_archive_cannot_write_beside_itself_nor_a_list_read_elsewhere(data_root):
    write_celeba(data_root, archive=True)
    path = data_root / "celeba" / "img_align_celeba.zip"
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("../escaped", b"x")
        archive.writestr("img_align_celeba/../../escaped", b"x")
    CelebA()
    assert not list(data_root.rglob("escaped"))
    listed = data_root / "celeba" / "list_eval_partition.txt"
    listed.write_text(listed.read_text().replace("000002.jpg", "../../000002.jpg"))
    (data_root / "celeba" / "celeba_images.npy").unlink(missing_ok=True)
    assert len(CelebA().in_mode("full")) == 8  # the name of the file counts, not the folders before it


def test_labels_for_other_images_are_refused(data_root):
    write_celeba(data_root)
    path = data_root / "celeba" / "list_attr_celeba.txt"
    path.write_text(path.read_text().replace("000002.jpg", "000009.jpg"))
    with pytest.raises(UserError, match=r"list_attr_celeba\.txt.*same order"):
        CelebA().labels(torch.arange(2))


def test_downloading_says_what_a_person_has_to_do(data_root):
    with pytest.raises(UserError, match=r"non-commercial.*list_eval_partition\.txt.*mmlab") as error:
        CelebA(download=True)
    assert "\n" not in str(error.value)
    assert not data_root.exists()


def test_downloading_finds_what_a_person_put_there(data_root, caplog):
    write_celeba(data_root)
    paths = CelebA.download_files()
    assert data_root / "celeba" / "list_attr_celeba.txt" in paths
    assert "list_attr_celeba.txt is not the official file" in caplog.text


def test_of_two_tables_the_one_in_the_folder_itself_is_read(tmp_path):
    name = "list_attr_celeba.txt"
    for place in (tmp_path / "Img", tmp_path / "Anno", tmp_path):
        place.mkdir(exist_ok=True)
        (place / name).touch()
        assert find_table(tmp_path, name, 2).path == place / name
