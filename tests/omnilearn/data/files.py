"""Small files in the official schema of each dataset, and in the layout of earlier releases."""

import gzip
import io
import pickle
import tarfile
import zipfile
from collections.abc import Sequence
from pathlib import Path

import h5py
import numpy as np
from PIL import Image
from scipy.io import savemat

from omnilearn.data.splits import train_and_test

DSPRITES = "dsprites_ndarray_co1sh3sc6or40x32y32_64x64.npz"


def pictures(count: int, height: int = 64, width: int = 64, channels: int = 3, seed: int = 0) -> np.ndarray:
    """Random images (count, height, width, channels)."""
    return np.random.default_rng(seed).integers(0, 256, (count, height, width, channels), np.uint8)


def write_mpi3d(root: Path, images: np.ndarray, category: str = "toy", compressed: bool = False) -> Path:
    path = root / "mpi3d" / f"mpi3d_{category}.npz"
    path.parent.mkdir(parents=True, exist_ok=True)
    (np.savez_compressed if compressed else np.savez)(path, images=images)
    return path


def write_earlier_mpi3d(root: Path, images: np.ndarray, category: str = "toy") -> Path:
    path = root / "mpi3d" / f"mpi3d_{category}.h5"
    path.parent.mkdir(parents=True, exist_ok=True)
    train, test = (rows.numpy() for rows in train_and_test(len(images)))
    with h5py.File(path, "w") as file:
        for name, rows in (("train", train), ("test", test)):
            file[f"{name}_idx"] = rows
            file.create_dataset(f"{name}_images", data=images[rows], chunks=(7, 64, 64, 3), compression="gzip")
    return path


def write_dsprites(root: Path, images: np.ndarray) -> Path:
    path = root / "dsprites" / DSPRITES
    path.parent.mkdir(parents=True, exist_ok=True)
    metadata = np.array({"title": "dSprites"}, dtype=object)  # pickled, as in the official file
    np.savez_compressed(path, imgs=images, latents_classes=np.zeros((len(images), 6), np.int64), metadata=metadata)
    return path


PARTITION = (0, 1, 0, 2, 0, 0, 2, 0)


def write_celeba(root: Path, *, archive: bool = False, partition: tuple[int, ...] = PARTITION) -> list[bytes]:
    """The official files with as many images as `partition` says; returns the JPEG files."""
    folder = root / "celeba"
    names = [f"{i + 1:06}.jpg" for i in range(len(partition))]
    files = [jpeg(i) for i in range(len(partition))]
    (folder / "img_align_celeba").mkdir(parents=True)
    if archive:
        (folder / "img_align_celeba").rmdir()
        with zipfile.ZipFile(folder / "img_align_celeba.zip", "w") as out:
            for name, content in zip(names, files, strict=True):
                out.writestr(f"img_align_celeba/{name}", content)
    else:
        for name, content in zip(names, files, strict=True):
            (folder / "img_align_celeba" / name).write_bytes(content)

    def table(file: str, header: list[str], rows) -> None:
        lines = header + [" ".join([name, *map(str, row)]) for name, row in zip(names, rows, strict=True)]
        (folder / file).write_text("\n".join(lines) + "\n")

    count = str(len(names))
    table("list_eval_partition.txt", [], [[part] for part in partition])
    attributes = np.where(np.arange(len(names) * 40).reshape(-1, 40) % 3 == 0, 1, -1)
    table("list_attr_celeba.txt", [count, " ".join(f"attribute{i}" for i in range(40))], attributes)
    landmarks = np.arange(len(names) * 10).reshape(-1, 10)
    table("list_landmarks_align_celeba.txt", [count, " ".join(f"point{i}" for i in range(10))], landmarks)
    table("identity_CelebA.txt", [], [[1000 + i] for i in range(len(names))])
    return files


def write_earlier_celeba(root: Path, *, partition: tuple[int, ...] = PARTITION) -> None:
    folder = root / "celeba"
    folder.mkdir(parents=True)
    part = np.array(partition)
    for name, rows in (("train", np.flatnonzero(part == 0)), ("test", np.flatnonzero(part != 0))):
        with h5py.File(folder / f"celeba_{name}.h5", "w") as file:
            file["images"] = np.array([jpeg(i) for i in rows], dtype=np.bytes_)
            file["attrs"] = (np.arange(len(part) * 40).reshape(-1, 40) % 3 == 0).astype(np.uint8)[rows]
            file["landmarks"] = np.arange(len(part) * 10).reshape(-1, 10).astype(np.uint8)[rows]
            file["identities"] = (1000 + rows).astype(np.int16)
            file.attrs["attr_names"] = [f"attribute{i}" for i in range(40)]
            file.attrs["landmark_names"] = [f"point{i}" for i in range(10)]
            file.attrs["image_encoding"] = "jpg"


def jpeg(seed: int) -> bytes:
    """A JPEG file of 178 x 218."""
    coarse = Image.fromarray(pictures(1, 11, 9, seed=seed)[0])
    out = io.BytesIO()
    coarse.resize((178, 218)).save(out, "JPEG", quality=90)
    return out.getvalue()


def idx(array: np.ndarray) -> bytes:
    """The content of an IDX file."""
    return bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">i4").tobytes() + array.tobytes()


def write_idx(folder: Path, prefix: str, images: np.ndarray, labels: np.ndarray, *, compress: bool = True) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, array in ((f"{prefix}-images-idx3-ubyte", images), (f"{prefix}-labels-idx1-ubyte", labels)):
        if compress:
            (folder / f"{name}.gz").write_bytes(gzip.compress(idx(array), mtime=0))
        else:
            (folder / name).write_bytes(idx(array))


def cifar_batches(count: int = 4) -> dict[str, bytes]:
    """The batches of CIFAR-10, pickled as Python 2 did."""
    batches = {}
    for k, name in enumerate([*(f"data_batch_{i}" for i in range(1, 6)), "test_batch"]):
        images = pictures(count, 32, 32, seed=k).transpose(0, 3, 1, 2).reshape(count, -1)
        batch = {b"data": images, b"labels": [k] * count, b"batch_label": name.encode()}
        # The name under which numpy 1 pickled arrays.
        batches[name] = pickle.dumps(batch, protocol=2).replace(b"numpy._core.multiarray", b"numpy.core.multiarray")
    return batches


def write_cifar10(root: Path, batches: dict[str, bytes], *, packed: bool) -> Path:
    folder = root / "cifar10"
    folder.mkdir(parents=True)
    if packed:
        with tarfile.open(folder / "cifar-10-python.tar.gz", "w:gz") as tar:
            for name, content in batches.items():
                member = tarfile.TarInfo(f"cifar-10-batches-py/{name}")
                member.size = len(content)
                tar.addfile(member, io.BytesIO(content))
        return folder / "cifar-10-python.tar.gz"
    (folder / "cifar-10-batches-py").mkdir()
    for name, content in batches.items():
        (folder / "cifar-10-batches-py" / name).write_bytes(content)
    return folder / "cifar-10-batches-py"


def write_svhn(root: Path, count: int = 5) -> np.ndarray:
    folder = root / "svhn"
    folder.mkdir(parents=True)
    images = pictures(count, 32, 32)
    digits = np.arange(1, count + 1, dtype=np.uint8)[:, None] * 2
    for part in ("train", "test"):
        savemat(folder / f"{part}_32x32.mat", {"X": images.transpose(1, 2, 3, 0), "y": digits}, do_compression=True)
    return images


def car(seed: int) -> np.ndarray:
    """The images (128, 128, 3, azimuths, elevations) of a car; a view has one colour but for one corner."""
    shade = np.random.default_rng(seed).integers(0, 200, (1, 1, 3, 24, 4), np.uint8)
    images = np.broadcast_to(shade, (128, 128, 3, 24, 4)).copy()
    images[:64, 64:] += 50
    return images


def mat(**arrays: np.ndarray) -> bytes:
    out = io.BytesIO()
    savemat(out, arrays, do_compression=True)
    return out.getvalue()


def write_cars3d(root: Path, cars: dict[str, bytes], names: Sequence[str] | None = None) -> Path:
    """The official archive with these MATLAB files, and a list of their names or others."""
    path = root / "cars3d" / "nips2015-analogy-data.tar.gz"
    path.parent.mkdir(parents=True, exist_ok=True)
    files = {f"data/cars/{name}.mat": content for name, content in cars.items()}
    files |= {"data/sprites/sprites.mat": b"", "data/shapes48.mat": bytes(10)}
    files |= {"data/cars/list.txt": "".join(f"{name}\n" for name in (cars if names is None else names)).encode()}
    with tarfile.open(path, "w:gz", compresslevel=1) as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return path


NORB_PARTS = ("smallnorb-5x46789x9x18x6x2x96x96-training", "smallnorb-5x01235x9x18x6x2x96x96-testing")


def norb_matrix(values: np.ndarray) -> bytes:
    """The content of a binary matrix of NORB."""
    kind = {"u1": 0x1E3D4C55, "i4": 0x1E3D4C54}[values.dtype.str[1:]]
    sizes = [*values.shape, 1, 1][: max(3, values.ndim)]
    return np.array([kind, values.ndim, *sizes], "<i4").tobytes() + values.tobytes()


def write_smallnorb(root: Path, classes: np.ndarray, images: np.ndarray, *, packed: bool = True) -> list[Path]:
    """The six official files with images (N, 96, 96) of these classes (N, 5), the first half in the training part."""
    folder = root / "smallnorb"
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for part, rows in zip(NORB_PARTS, np.array_split(np.arange(len(classes)), 2), strict=True):
        info = classes[rows, 1:].astype("<i4")
        info[:, 2] *= 2
        pairs = np.stack([images[rows], 255 - images[rows]], axis=1)
        for name, values in (("dat", pairs), ("cat", classes[rows, 0].astype("<i4")), ("info", info)):
            paths.append(folder / f"{part}-{name}.mat{'.gz' if packed else ''}")
            content = norb_matrix(values)
            paths[-1].write_bytes(gzip.compress(content, 1, mtime=0) if packed else content)
    return paths
