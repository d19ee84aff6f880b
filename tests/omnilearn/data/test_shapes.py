"""The generated 3D-Shapes-style set: factors, exact pixels, its cache, its speed, and its file."""

import colorsys
import time

import h5py
import numpy as np
import pytest
import torch

import sae_src as sae
from omnilearn.assembly import build_data
from omnilearn.data.contact_sheet import contact_sheet, main
from omnilearn.data.sets.shapes3d import Shapes3D
from omnilearn.data.shapes import planes as planes_module
from omnilearn.data.shapes.dataset import SKY, Shapes
from omnilearn.data.shapes.hdf5_file import label_values, write_h5
from omnilearn.data.shapes.planes import FILE_NAME, load_planes
from omnilearn.data.shapes.solids import SOLIDS
from omnilearn.errors import UserError

SIZES = (10, 10, 10, 8, 4, 15)
SAMPLE = torch.randint(480_000, (300,), generator=torch.Generator().manual_seed(0))


@pytest.fixture(scope="module")
def full(shapes):
    return shapes.in_mode("full")


def picture(full, **classes):
    """The image (64, 64, 3), 0 to 255, with these classes of its factors, and 0 for the others."""
    row = torch.tensor([[classes.get(name, 0) for name in full.factor_names]])
    return full.batch(full.grid.indices(row))[0].mul(255).round().permute(1, 2, 0).numpy().astype(int)


def test_size_and_factors(shapes, full):
    assert shapes.din == (3, 64, 64)
    assert (len(full), len(shapes), len(shapes.in_mode("test"))) == (480_000, 384_000, 96_000)
    assert shapes.factor_sizes == SIZES
    assert shapes.factor_names == ("floor_hue", "wall_hue", "object_hue", "scale", "shape", "orientation")


def test_the_solids_are_those_of_the_factor(full):
    assert set(SOLIDS) == set(full.factor_values[4])


def test_the_last_factor_varies_fastest(full):
    assert np.array_equal(full.factors(SAMPLE), np.stack(np.unravel_index(SAMPLE.numpy(), SIZES), 1))
    assert torch.equal(full.grid.indices(full.factors(SAMPLE)), SAMPLE)


def test_factors_of_a_mode_are_those_of_its_images(shapes, full):
    test = shapes.in_mode("test")
    indices = torch.arange(0, len(test), 997)
    assert torch.equal(full.batch(full.grid.indices(test.factors(indices))), test.batch(indices))


def test_images_are_what_whole_number_arithmetic_gives(shapes_root, full):
    planes = load_planes(shapes_root).astype(np.int64)
    hues = np.rint([[255 * c for c in colorsys.hsv_to_rgb(h / 10, 1, 1)] for h in range(10)]).astype(np.int64)
    expected = []
    for index, (floor, wall, thing, *_) in zip(SAMPLE, full.factors(SAMPLE), strict=True):
        colours = np.stack([hues[floor], hues[wall], hues[thing], np.array(SKY), np.full(3, 255)])
        sums = np.einsum("kc,kyx->cyx", colours, planes[index % 480])
        expected.append((sums + 127) // 255)
    images = full.batch(SAMPLE)
    assert images.dtype == torch.float32
    assert np.array_equal(images.numpy(), np.float32(expected) / np.float32(255))


def test_weights_of_a_pixel_never_overflow_a_colour(shapes_root):
    assert load_planes(shapes_root).sum(1, dtype=int).max() <= 255


@pytest.mark.parametrize("scale", [0.75, 1.25])
@pytest.mark.parametrize("shape", sorted(SOLIDS))
def test_a_solid_is_hit_on_its_surface_and_its_normals_face_the_ray(shape, scale):
    solid = SOLIDS[shape](scale)
    rays = planes_module.camera_rays(17.0)
    distance = solid.hit(rays)
    hit = np.isfinite(distance)
    points = rays.at(np.where(hit, distance, 0))[hit]
    normals = solid.normals(points)
    assert 0.01 < hit.mean() < 0.4
    assert points[:, 2].min() > -1e-9
    np.testing.assert_allclose(np.linalg.norm(normals, axis=1), 1, atol=1e-6)
    assert ((normals * rays.direction[hit]).sum(1) < 1e-6).all()
    # From a step off the surface, the ray comes back to it at once.
    again = solid.hit(planes_module.Rays(points + 1e-4 * normals, rays.direction[hit]))
    assert ((again > 0) & (again < 0.05)).mean() > 0.97


def test_each_hue_colours_its_own_part_and_nothing_else(full):
    base = picture(full, floor_hue=1, wall_hue=3, object_hue=5, orientation=2)
    changed = {
        name: (picture(full, **{**dict(floor_hue=1, wall_hue=3, object_hue=5, orientation=2), name: 8}) != base).any(2)
        for name in ("floor_hue", "wall_hue", "object_hue")
    }
    assert changed["floor_hue"][-3:].all() and not changed["floor_hue"][:16].any()
    assert changed["wall_hue"][20:22, :4].all() and not changed["wall_hue"][-16:].any()
    assert changed["object_hue"][40, 30] and not changed["object_hue"][:, :4].any()
    # Only pixels on an edge belong to two parts.
    assert sum(part.astype(int) for part in changed.values()).max() <= 3
    assert (sum(part.astype(int) for part in changed.values()) > 1).mean() < 0.1


def test_the_sky_is_over_the_room_and_the_room_has_a_shadow(full):
    image = picture(full, floor_hue=0, wall_hue=5, object_hue=3, shape=2, orientation=7)
    assert (image[0] == SKY).all()
    floor = image[40:, :, 0][(image[40:, :, 1] == 0) & (image[40:, :, 2] == 0)]
    assert ((floor > 60) & (floor < 90)).sum() > 20 and (floor > 200).sum() > 500


def test_objects_grow_with_scale(full):
    def size(**classes):
        # Hues 0 and 5 share no channel: red is on the object alone.
        return (picture(full, floor_hue=5, wall_hue=5, object_hue=0, **classes)[16:, :, 0] > 60).sum()

    for shape in range(4):
        sizes = [size(shape=shape, scale=scale, orientation=7) for scale in range(8)]
        assert sizes == sorted(set(sizes))


def test_the_pictures_change_only_with_their_version(full):
    mean = full.batch(SAMPLE).double().mean().item()
    assert (planes_module.VERSION, mean) == (1, pytest.approx(0.519722, abs=1e-4))


def test_the_views_are_drawn_once_and_again_when_damaged(shapes_root, data_root, monkeypatch):
    planes = load_planes(shapes_root)
    drawn = []
    monkeypatch.setattr(planes_module, "draw_planes", lambda side: drawn.append(1) or planes)
    path = data_root / FILE_NAME
    for damage in (None, lambda c: c[:-1], lambda c: c[:5000] + bytes([c[5000] ^ 1]) + c[5001:], lambda c: b""):
        if damage is not None:
            path.write_bytes(damage(path.read_bytes()))
        before = len(drawn)
        assert np.array_equal(load_planes(data_root), planes)
        assert np.array_equal(load_planes(data_root), planes)
        assert len(drawn) == before + 1
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match=r"file.*cannot be written"):
        Shapes(tmp_path / "file" / "data")


def test_a_batch_is_composed_fast(full):
    """At most 5 ms on a quiet machine; this only notices when it becomes another kind of slow."""
    times = []
    for start in range(40):
        indices = SAMPLE[:128] - start
        begin = time.perf_counter()
        full.batch(indices.abs())
        times.append(time.perf_counter() - begin)
    assert sorted(times)[10] < 0.030


def test_split_and_run_name_of_the_config(shapes_root):
    config = sae.create_config("hybrid", "a/e/conv12", "a/d/strc/12", "m/ae", "d/shapes", dataroot=str(shapes_root))
    data = build_data(config)
    order = torch.randperm(384_000, generator=torch.Generator().manual_seed(0))
    assert torch.equal(data.subset("val").indices, order[:38_400])
    assert torch.equal(data.subset("train").indices, order[38_400:])
    assert config.pull("info.dataset_type", silent=True) == "shapes"


@pytest.mark.slow
def test_written_file_reads_back_as_the_same_images(shapes, full, data_root):
    count = 3_000
    path = data_root / "3dshapes" / "3dshapes.h5"
    path.parent.mkdir(parents=True)
    write_h5(shapes, path, torch.arange(count))
    with h5py.File(path) as file:
        assert (file["images"].dtype, file["images"].shape) == (np.uint8, (count, 64, 64, 3))
        assert (file["labels"].dtype, file["labels"].shape) == (np.float64, (count, 6))
        assert "not 3D-Shapes" in file.attrs["source"]
    read = Shapes3D().in_mode("full")
    indices = torch.arange(0, count, 7)
    assert torch.equal(read.batch(indices), full.batch(indices))
    assert torch.equal(read.factors(indices), full.factors(indices))


def test_labels_have_the_official_values():
    last = label_values(torch.tensor([[9, 9, 9, 7, 3, 14], [0, 0, 0, 0, 0, 0]]))
    np.testing.assert_allclose(last, [[0.9, 0.9, 0.9, 1.25, 3, 30], [0, 0, 0, 0.75, 0, -30]])


def test_contact_sheet_has_a_row_for_each_factor(shapes):
    sheet = contact_sheet(shapes, columns=4, zoom=1)
    assert sheet.size == (4 * 64, 6 * 64)
    images = np.asarray(sheet).reshape(6, 64, 4, 64, 3).transpose(0, 2, 1, 3, 4)
    for row in images:
        assert len({image.tobytes() for image in row}) == 4


def test_contact_sheet_from_the_command_line(shapes_root, tmp_path, monkeypatch):
    monkeypatch.setenv("OMNILEARN_DATA_DIR", str(shapes_root))
    main(["shapes", str(tmp_path / "sheet.png")])
    assert (tmp_path / "sheet.png").stat().st_size > 1000
