"""CIFAR's pickles: what the official files hold is read, anything else is refused, and no bytes crash the process."""

import os
import pickle
import pickletools
import subprocess
import sys
import tarfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from omnilearn.data.sets.cifar import CIFAR10
from omnilearn.data.storage.pickled_batch import NotABatch, read_batch
from omnilearn.errors import UserError
from tests.conftest import ROOT
from tests.omnilearn.data.files import cifar_batches, write_cifar10

ARRAY = b"cnumpy.core.multiarray\n_reconstruct\nq\x03cnumpy\nndarray\nq\x04K\x00\x85U\x01b\x87Rq\x05"
UINT8 = b"cnumpy\ndtype\nq\x06U\x02u1K\x00K\x01\x87Rq\x07(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"
IMAGES = np.arange(2 * 3072, dtype=np.uint16).astype(np.uint8).reshape(2, 3072)


def number(value: int) -> bytes:
    return b"J" + value.to_bytes(4, "little", signed=True)


def string(content: bytes) -> bytes:
    return b"T" + len(content).to_bytes(4, "little") + content


def official(
    *,
    array: bytes = ARRAY,
    kind: bytes = UINT8,
    rows: int = 2,
    columns: int = 3072,
    order: bytes = b"\x89",
    content=None,
) -> bytes:
    """A batch as Python 2 and numpy 1 pickled it."""
    content = IMAGES.tobytes() if content is None else content
    state = b"(K\x01" + number(rows) + number(columns) + b"\x86" + kind + order + string(content) + b"tb"
    data = b"U\x04dataq\x02" + array + state
    labels = b"U\x06labelsq\x08]q\x09(K\x03K\x09e"
    names = b"U\x09filenamesq\x0a]q\x0b(U\x05a.pngq\x0cU\x05b.pngq\x0de"
    return b"\x80\x02}q\x01(U\x0bbatch_labelq\x0eU\x15training batch 1 of 5" + data + labels + names + b"u."


def test_the_official_form():
    batch = read_batch(official())
    assert np.array_equal(batch[b"data"], IMAGES)
    assert batch[b"labels"] == [3, 9]
    assert batch[b"filenames"] == [b"a.png", b"b.png"]
    assert pickle.loads(official(), encoding="bytes").keys() == batch.keys()  # our own file


def test_an_array_in_the_order_of_columns():
    assert np.array_equal(read_batch(official(order=b"\x88", content=IMAGES.tobytes("F")))[b"data"], IMAGES)


@pytest.mark.parametrize("protocol", [2, 3, 4])
def test_those_of_python_3(protocol):
    batch = read_batch(
        pickle.dumps({b"data": IMAGES, "fine_labels": [1, 2], b"x": ("a", None, True, 70_000)}, protocol)
    )
    assert np.array_equal(batch[b"data"], IMAGES)
    assert batch[b"fine_labels"] == [1, 2]
    assert batch[b"x"] == ("a", None, True, 70_000)


def test_more_names_than_a_byte_can_number():
    names = [f"{number}.png" for number in range(300)]  # a pickle numbers what it holds, in one byte up to 255
    batch = read_batch(pickle.dumps({b"data": IMAGES, "filenames": names, "again": names[-1:]}, 2))
    assert batch[b"filenames"] == names and batch[b"again"] == ["299.png"]


OBJECTS = UINT8.replace(b"U\x02u1", b"U\x02O8")
ATTACKS = {
    "values that are addresses": official(kind=OBJECTS, rows=1, columns=384),
    "values of another size": official(kind=UINT8.replace(b"u1", b"f8"), rows=2, columns=384),
    "a type filled with another order": official(kind=UINT8.replace(b"U\x01|", b"U\x01>")),
    "a type with fields": official(kind=UINT8.replace(b"NNN", b"N}}")),
    "a type with a size of its own": official(kind=UINT8.replace(b"J\xff\xff\xff\xffJ\xff\xff\xff\xff", b"K\x08K\x08")),
    "a type that was never filled": official(kind=UINT8[: UINT8.index(b"(K\x03")]),
    "more rows than bytes": official(rows=3),
    "fewer rows than bytes": official(rows=1),
    "a product that overflows": official(rows=2**31 - 1, columns=2**31 - 1),
    "negative sizes": official(rows=-2, columns=-3072),
    "no rows": official(rows=0, content=b""),
    "an array that was never filled": b"\x80\x02}(U\x04data" + ARRAY + b"U\x06labels](K\x01K\x02eu.",
    "an array of another start": official(array=ARRAY.replace(b"K\x00\x85", b"M\xff\xff\x85")),
    "an array that is filled twice": official().replace(b"tbU\x06labels", b"tb" + b"(K\x01tb" + b"U\x06labels"),
    "filling a table": b"\x80\x02}}b.",
    "filling a list": b"\x80\x02]}b.",
    "a class of its own": b"\x80\x02}(U\x04datacos\nsystem\nU\x04true\x85Ru.",
    "numpy's loader": b"\x80\x02}(U\x04datacnumpy\nload\nU\x01x\x85Ru.",
    "an array made by its class": b"\x80\x02}(U\x04datacnumpy\nndarray\nM\xff\xff\x85Ru.",
    "an object": b"\x80\x02}(U\x04datacnumpy\nndarray\nM\xff\xff\x85\x81u.",
    "another encoding": b"\x80\x02}(U\x04datac_codecs\nencode\nX\x01\x00\x00\x00aX\x06\x00\x00\x00rot_13\x86Ru.",
    "two values": b"\x80\x02}}.",
    "a list": b"\x80\x02].",
    "nothing": b"",
    "marks": b"((((.",
    "no mark": b"\x80\x02}u.",
    "a persistent object": b"\x80\x02Q.",
    "an extension": b"\x80\x02\x82\x01.",
    "a number without end": b"\x80\x02}(U\x04data" + b"I" + b"9" * 10_000 + b"\nu.",
    "a length without end": b"\x80\x04\x8d" + b"\xff" * 8 + b".",
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_anything_else_is_refused(attack):
    if attack == "an array that was never filled":
        assert read_batch(ATTACKS[attack])[b"data"] is None
        return
    with pytest.raises(NotABatch):
        read_batch(ATTACKS[attack])


def test_text_is_not_encoded_again_and_again():
    text = b"X" + (10_000).to_bytes(4, "little") + b"a" * 10_000
    again = b"c_codecs\nencode\nh\x01X\x06\x00\x00\x00latin1\x86R0"
    with pytest.raises(NotABatch):
        read_batch(b"\x80\x02" + text + b"q\x01" + again * 100 + b".")


OPCODES = st.sampled_from([op.code.encode("latin-1") for op in pickletools.opcodes])
PIECES = st.one_of(
    st.sampled_from(
        [ARRAY, UINT8, OBJECTS, b"}", b"(", b"K\x01", b"U\x04data", b"b", b"R", b"tb", b"\x86", b"h\x05", b"q\x05"]
    ),
    OPCODES,
    st.binary(max_size=6),
)


def check(content: bytes) -> None:
    try:
        batch = read_batch(content)
    except NotABatch:
        return
    for value in batch.values():
        if isinstance(value, np.ndarray):
            assert value.dtype == np.uint8 and value.base is not None
            assert value.size <= len(content)


@settings(max_examples=300, deadline=None)
@given(st.lists(PIECES, max_size=30))
def test_any_instructions(pieces):
    check(b"\x80\x02" + b"".join(pieces) + b".")


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_the_official_form_with_changed_bytes(data):
    content = bytearray(official(rows=1, columns=4, content=b"abcd"))
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    check(bytes(content))


SURVIVE = """
import sys; sys.path.insert(0, {root!r})
import random
from omnilearn.data.sets.cifar import CIFAR10
from omnilearn.errors import UserError
from tests.omnilearn.data import test_pickled_batch as case
attacks = list(case.ATTACKS.values())
generator = random.Random(0)
for _ in range(400):
    content = bytearray(case.official(rows=1, content=bytes(3072)))
    for _ in range(generator.randint(1, 6)):
        content[generator.choice([*range(400), *range(-120, 0)])] = generator.randrange(256)
    attacks.append(bytes(content))
reader = object.__new__(CIFAR10)
for content in attacks:
    try:
        images, labels = reader._batch(case.ROOT, content)
        assert images.sum() >= 0 and len(images) == len(labels)
    except UserError:
        pass
print("alive")
"""


@pytest.mark.slow
def test_nothing_of_that_ends_the_process():
    code = SURVIVE.format(root=str(ROOT))
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=120)
    assert (result.returncode, result.stdout) == (0, "alive\n"), result.stderr


@pytest.mark.parametrize("labels", [[0, 10], [-1, 0], [0], [0, True], [0, 0.5], ["a", "b"], (0, 1)])
def test_labels_that_are_none(labels, data_root):
    batch = pickle.dumps({b"data": IMAGES, b"labels": labels}, protocol=2)
    write_cifar10(data_root, {**cifar_batches(), "test_batch": batch}, packed=False)
    with pytest.raises(UserError, match="test_batch"):
        CIFAR10()


def test_an_archive_that_unpacks_to_far_more(data_root):
    archive = write_cifar10(data_root, cifar_batches(), packed=True)
    with tarfile.open(archive, "w:gz") as tar:
        member = tarfile.TarInfo("zeros")
        member.size = 2**29
        tar.addfile(member)
    with pytest.raises(UserError, match=r"larger than those of CIFAR"):
        CIFAR10()


@pytest.mark.parametrize("packed", [True, False])
def test_a_pipe_does_not_hang(packed, data_root):
    place = write_cifar10(data_root, cifar_batches(), packed=packed)
    path = place if packed else place / "data_batch_1"
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(UserError, match="not a regular file"):
        CIFAR10()
