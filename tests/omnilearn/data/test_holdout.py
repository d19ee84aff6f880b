"""Combinations that are held out from training: which ones, where they are found again, and what is refused."""

import numpy as np
import pytest
import torch

from omnilearn.data import Loading
from omnilearn.data.factor_table import factor_table
from omnilearn.data.holdout import part_by_rules
from omnilearn.data.loading import Data
from omnilearn.data.vectors import VectorDataset
from omnilearn.errors import UserError

SIZES = {"hue": 5, "shape": 3, "scale": 4}


def table(shuffled: bool = True) -> VectorDataset:
    """All combinations of three factors, in random order; the shapes have names. The vectors are the factors."""
    classes = np.stack(np.meshgrid(*(np.arange(size) for size in SIZES.values()), indexing="ij"), -1).reshape(-1, 3)
    if shuffled:
        classes = np.random.default_rng(0).permutation(classes)
    columns = dict(zip(SIZES, classes.T, strict=True))
    columns["shape"] = np.array(["ball", "cone", "cube"])[columns["shape"]]
    values = torch.from_numpy(classes).float()
    rows = torch.arange(len(values))
    return VectorDataset(values, rows[:48], rows[48:], factors=factor_table(columns))


def cut(holdout, **keys) -> Data:
    torch.manual_seed(0)
    return Loading(batch_size=4, split={"val": 0.25}, holdout=holdout, **keys).cut(table())


def observations(data: Data, mode: str) -> torch.Tensor:
    subset = data.subset(mode)
    return subset.batch(torch.arange(len(subset)))


RULES = [
    ({"hue": [0, 3]}, lambda hue, shape, scale: (hue == 0) | (hue == 3)),
    ({"hue": 2}, lambda hue, shape, scale: hue == 2),
    ({"shape": "cone"}, lambda hue, shape, scale: shape == 1),
    ({"shape": ["ball", 2], "scale": [1]}, lambda hue, shape, scale: (shape != 1) & (scale == 1)),
    ([{"hue": 0, "shape": 0}, {"scale": [3]}], lambda hue, shape, scale: ((hue == 0) & (shape == 0)) | (scale == 3)),
]


@pytest.mark.parametrize(("rules", "expected"), RULES)
def test_parts(rules, expected):
    data, plain = cut(rules), cut(None)
    for whole in ("full", "test", "val", "train"):
        prefix = "" if whole == "full" else f"{whole}-"
        both = observations(plain, whole)
        is_out = expected(*both.T)
        assert torch.equal(observations(data, f"{prefix}heldout"), both[is_out])
        assert torch.equal(observations(data, f"{prefix}rest"), both[~is_out])
        assert data.has_subset(f"{prefix}heldout") and not plain.has_subset(f"{prefix}heldout")
    # Trained on the rest, in the order in which it would be; all other parts are as they were.
    train = observations(plain, "train")
    assert torch.equal(observations(data, "train"), train[~expected(*train.T)])
    for same in ("val", "test", "full"):
        assert torch.equal(observations(data, same), observations(plain, same))
        assert not data.is_cut(same)
    assert data.is_cut("train") and data.is_cut("heldout") and data.is_cut("test-rest") and not plain.is_cut("train")


def test_random_holes():
    plain = observations(cut(None), "full")
    held_out = {}
    for seed in (0, 1):
        data = cut({"random": 0.29, "seed": seed})
        held_out[seed] = observations(data, "heldout")
        assert len(held_out[seed]) == 17 and len(observations(data, "rest")) == 43  # 0.29 of 60 is 17.4
        # The same combinations in every part, and in another order of the observations.
        parts = [observations(data, f"{part}-heldout") for part in ("train", "val", "test")]
        both = torch.cat(parts)
        assert {*map(tuple, both.tolist())} == {*map(tuple, held_out[seed].tolist())} and len(both) == 17
        torch.manual_seed(3)
        other = Loading(holdout={"random": 0.29, "seed": seed}).cut(table(shuffled=False))
        assert {*map(tuple, observations(other, "heldout").tolist())} == {*map(tuple, both.tolist())}
    assert not torch.equal(held_out[0], held_out[1])
    assert len(held_out[0].unique(dim=0)) == 17 and (held_out[0].unsqueeze(1) == plain).all(2).sum() == 17
    # Drawn evenly: over many seeds no combination is rare.
    counts = torch.zeros(5)
    for seed in range(40):
        counts += observations(cut({"random": 0.5, "seed": seed}), "heldout")[:, 0].long().bincount(minlength=5)
    assert ((counts / counts.sum() - 0.2).abs() < 0.02).all()


def test_random_holes_of_the_hull():
    data = cut([{"random": 0.3, "hull": 2}, {"hue": 2, "shape": 1, "scale": 1}])
    held_out = observations(data, "heldout")
    at_the_edge = ((held_out == 0) | (held_out == torch.tensor([4.0, 2.0, 3.0]))).sum(1)
    assert len(held_out) == 19 and at_the_edge.sort().values[0] == 0 and (at_the_edge >= 2).sum() == 18
    with pytest.raises(UserError, match=r"0\.3 of 60 combinations are 18, and there are 8 to draw from with 3 factors"):
        cut({"random": 0.3, "hull": 3})


def test_holes_where_not_all_combinations_occur():
    """Seven of twelve combinations, some of them often."""
    columns = {"a": np.array([0, 0, 0, 1, 1, 2, 2, 3, 3, 3]), "b": np.array([0, 0, 1, 1, 1, 0, 2, 2, 1, 2])}
    values = torch.from_numpy(np.stack(list(columns.values()), 1)).float()
    data = VectorDataset(values, torch.arange(10), torch.arange(0), factors=factor_table(columns))
    cut_data = Loading(holdout={"random": 0.5}).cut(data)
    held_out, rest = (observations(cut_data, name).unique(dim=0) for name in ("heldout", "rest"))
    assert (len(held_out), len(rest)) == (3, 4)


def test_train_on_whole():
    data, plain = cut({"hue": 1}, train_on="whole"), cut(None)
    assert torch.equal(observations(data, "train"), observations(plain, "train"))
    assert (observations(data, "heldout")[:, 0] == 1).all()
    assert not data.is_cut("train")


def test_no_random_number_is_spent():
    torch.manual_seed(0)
    Loading(batch_size=4, split={"val": 0.25}).cut(table())
    plain = torch.rand(3)
    torch.manual_seed(0)
    Loading(batch_size=4, split={"val": 0.25}, holdout={"hue": 1}, correlate=[["hue", "scale"]], strength=0.2).cut(
        table()
    )
    assert torch.equal(plain, torch.rand(3))


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        ({"shap": [1]}, "dataset.holdout: d/array has no factor 'shap' (did you mean shape?)"),
        ({"shape": [3]}, "shape has the values 0 to 2, or by name ball, cone, cube; got 3"),
        ({"hue": [-1]}, "hue has the values 0 to 4; got -1"),
        ({"hue": [True]}, "hue has the values 0 to 4; got True"),
        ({"hue": [0.5]}, "got 0.5"),
        ({"shape": "cylinder"}, "got 'cylinder'"),
        ({"hue": []}, "'hue' has no values"),
        ({}, "expected tables of values by factor"),
        ([], "an empty list holds nothing out"),
        ([["hue", 1]], "expected tables of values by factor"),
        ({"random": 1}, "random is a share between 0 and 1, such as 0.1; got 1"),
        ({"random": 1.5}, "random is a share between 0 and 1"),
        ({"random": 0.01}, "0.01 of 60 combinations are 0, and there are 60 to draw from"),
        ({"random": 0.1, "hull": 4}, "hull is a number of factors from 0 to 3; got 4"),
        ({"random": 0.1, "seed": -1}, "seed is a whole number from 0 on; got -1"),
        ({"random": 0.1, "hue": 1}, "'hue' beside random: a table of its own"),
        ({"hue": [0, 1, 2, 3, 4]}, "everything is held out: nothing is left to train on"),
    ],
)
def test_refused(rules, message):
    with pytest.raises(UserError) as error:
        torch.manual_seed(0)
        data = table()
        data.config = "d/array"
        Loading(split={"val": 0.25}, holdout=rules).cut(data)
    assert message in str(error.value) and str(error.value).startswith("dataset.holdout")
    assert "\n" not in str(error.value)


def test_combination_that_is_not_there():
    values = torch.arange(8.0).reshape(8, 1)
    columns = {"a": np.array([0, 0, 0, 0, 1, 1, 1, 1]), "b": np.array([0, 0, 0, 0, 0, 0, 1, 1])}
    data = VectorDataset(values, torch.arange(8), torch.arange(0), factors=factor_table(columns))
    with pytest.raises(UserError, match="nothing is held out"):
        Loading(holdout={"a": 0, "b": 1}).cut(data)


def test_without_classes():
    data = VectorDataset(torch.rand(8, 2), torch.arange(6), torch.arange(6, 8))
    with pytest.raises(UserError, match=r"dataset\.holdout: .* has no factors with classes"):
        Loading(holdout={"a": 0}).cut(data)
    columns = {"a": np.random.default_rng(0).random(8), "b": np.arange(8) % 2}
    data = VectorDataset(torch.rand(8, 2), torch.arange(6), torch.arange(6, 8), factors=factor_table(columns))
    with pytest.raises(UserError, match=r"a of .* is a real number: take the others with --dataset.factors '\[b\]'"):
        Loading(holdout={"b": 0}).cut(data)


def test_refused_parts():
    with pytest.raises(UserError, match="mode: there is no part 'heldout': nothing is held out"):
        cut(None).subset("heldout")
    with pytest.raises(UserError, match="mode: there is no part 'tset-rest'"):
        cut({"hue": 1}).subset("tset-rest")
    with pytest.raises(UserError, match=r"split.rest: that name is taken by dataset.holdout"):
        Loading(split={"rest": 0.2}, holdout={"hue": 1}).cut(table())
    with pytest.raises(UserError, match="train_on: nothing is held out"):
        Loading(train_on="whole")
    data = cut({"hue": 1, "shape": 0, "scale": 0})
    with pytest.raises(UserError, match="has no observations"):
        [data.subset(f"{part}-heldout") for part in ("train", "val", "test")]  # there is a single one


def test_a_part_may_have_such_a_name_where_nothing_is_held_out():
    torch.manual_seed(0)
    assert len(Loading(split={"rest": 0.25}).cut(table()).subset("rest")) == 12


def test_a_part_as_a_dataset():
    everything = table().in_mode("full")
    for rules, is_grid in (({"hue": [0, 3], "shape": 1}, (True, False)), ({"scale": [1, 2]}, (True, True))):
        parts = [part_by_rules(rules, everything, name) for name in ("heldout", "rest")]
        assert sum(map(len, parts)) == 60
        assert tuple(part.grid is not None for part in parts) == is_grid
        for part in parts:
            indices = torch.arange(len(part))
            classes, observations = part.factors(indices), part.batch(indices)
            values = [list(dict.fromkeys(sorted(column.tolist()))) for column in observations.T]
            known = torch.tensor([[values[k][c] for k, c in enumerate(row)] for row in classes.tolist()])
            assert torch.equal(known, observations)  # the vectors are the class indices in the whole
            assert list(part.factor_sizes) == [len(column) for column in values]
            if part.grid is not None:
                assert torch.equal(part.indices_of(classes), indices)
    parts = [part_by_rules({"shape": "cone"}, everything, name) for name in ("heldout", "rest")]
    assert [part.factor_values[1] for part in parts] == [("cone",), ("ball", "cube")]
    with pytest.raises(UserError, match="the part 'rest' has no observations"):
        part_by_rules({"shape": [0, 1, 2]}, everything, "rest")
