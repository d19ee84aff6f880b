"""Factors in columns: which are classes, which form a grid, and what is refused."""

import numpy as np
import pytest
import torch

from omnilearn.data.factor_table import factor_table
from omnilearn.data.images import ImageDataset
from omnilearn.data.splits import train_and_test
from omnilearn.data.storage.arrays import PixelArray
from omnilearn.data.vectors import VectorDataset
from omnilearn.errors import UserError

SHAPE = np.repeat(["square", "heart", "ellipse"], 4)
SIZE = np.tile([0.5, 1.0], 6)
SIDE = np.tile([3, 3, 7, 7], 3)
SHUFFLED = np.random.default_rng(0).permutation(12)


def shuffled_grid():
    return factor_table({"shape": SHAPE[SHUFFLED], "size": SIZE[SHUFFLED], "side": SIDE[SHUFFLED]})


def test_a_grid_is_found_in_any_order():
    table = shuffled_grid()
    assert table.grid is not None and table.order is not None and table.classes is not None
    assert table.values == (("ellipse", "heart", "square"), (0.5, 1.0), (3, 7))
    assert torch.equal(table.classes[table.order], table.grid.classes(torch.arange(12)))
    assert table.describe() == "shape 3, size 2, side 2 (a grid)"


@pytest.mark.parametrize("rows", [[*range(11)], [*range(11), 0], [*range(12), 0]], ids=["missing", "twice", "more"])
def test_what_is_not_every_combination_once_is_no_grid(rows):
    table = factor_table({"shape": SHAPE[rows], "size": SIZE[rows], "side": SIDE[rows]})
    assert table.grid is None and table.order is None and table.classes is not None


def test_a_dataset_knows_where_each_combination_is():
    table = shuffled_grid()
    images = torch.arange(12, dtype=torch.uint8).view(12, 1, 1, 1).expand(12, 1, 2, 2).contiguous()
    data = ImageDataset(PixelArray(images, "ram"), *train_and_test(12), grid=table).in_mode("full")
    classes = torch.tensor([[1, 0, 1], [2, 1, 0]])  # a small heart on side 7, a large square on side 3
    found = data.batch(data.indices_of(classes))[:, 0, 0, 0].mul(255).round().long().numpy()
    rows = SHUFFLED[found]
    assert (SHAPE[rows].tolist(), SIZE[rows].tolist(), SIDE[rows].tolist()) == (["heart", "square"], [0.5, 1], [7, 3])
    assert torch.equal(data.factors(data.indices_of(classes)), classes)
    assert data.factor_sizes == (3, 2, 2) and data.has_classes


def test_real_numbers_are_labels_but_no_classes():
    numbers = np.linspace(0, 1, 12)
    table = factor_table({"position": numbers, "size": SIZE})
    data = VectorDataset(torch.randn(12, 5), *train_and_test(12), factors=table)
    assert not data.has_classes and data.grid is None and data.factor_sizes == (0, 2)
    rows = data.rows(torch.arange(len(data)))
    assert torch.equal(data.labels(torch.arange(len(data)))[:, 0], torch.from_numpy(numbers).float()[rows])
    with pytest.raises(UserError):
        data.factors(torch.arange(2))


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"a": np.array([1.0, np.nan, 1.0])}, "'a' has 1 missing values, the first in row 2"),
        ({"a": np.array(["x", "", "x"])}, "'a' has 1 missing values"),
        ({"a": np.ones(5)}, "one class"),
        ({"a": np.array([*"abcde"])}, "no factor"),
        ({"a": np.array([None, 1])}, "neither numbers nor text"),
        ({"a": 2**31 + np.arange(4)}, "too large to be told apart in float32: subtract 2147483648"),
        ({}, "no column"),
    ],
)
def test_columns_that_say_nothing_are_refused(columns, message):
    with pytest.raises(UserError, match=message):
        factor_table(columns)
