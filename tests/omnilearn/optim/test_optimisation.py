"""Optimisers, the schedule of the learning rate, seeds and the order of batches."""

import random

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from omnilearn.data import BatchSampler, Dataset, Subset, split
from omnilearn.errors import UserError
from omnilearn.optim.optimisers import Optimiser, adadelta, adagrad, adam, adamax, adamw, asgd, rmsprop, rprop, sgd
from omnilearn.optim.schedules import CosineSchedule
from omnilearn.randomness import generator_states, next_epoch_seed, seed_everything, set_generator_states, undisturbed


@pytest.mark.parametrize("make", [adam, adamw, adamax, sgd, asgd, adadelta, adagrad, rmsprop, rprop])
def test_every_optimiser_lowers_a_loss_and_continues_from_its_state(make):
    def start():
        torch.manual_seed(0)
        layer = nn.Linear(3, 1)
        return layer, make(layer.parameters(), lr=CosineSchedule(0.01, 0.001, freq=2, limit=6))

    def steps(layer, optimiser, numbers):
        for number in numbers:
            optimiser.zero_grad()
            loss = (layer(torch.ones(2, 3)) - 5).square().sum()
            loss.backward()
            optimiser.step()
            optimiser.set_rate(number)
        return loss.item()

    layer, optimiser = start()
    first = steps(layer, optimiser, [1])
    assert steps(layer, optimiser, [2, 3]) < first
    weights, state = {k: v.clone() for k, v in layer.state_dict().items()}, optimiser.state_dict()
    state = torch.load(_saved(state), weights_only=True)
    steps(layer, optimiser, [4, 5])
    again, resumed = start()
    again.load_state_dict(weights)
    resumed.load_state_dict(state)
    assert resumed.rate == pytest.approx(CosineSchedule(0.01, 0.001, freq=2, limit=6).rate_after(3))
    steps(again, resumed, [4, 5])
    assert torch.equal(again.weight, layer.weight)
    assert isinstance(optimiser, Optimiser)


def _saved(state):
    import io

    buffer = io.BytesIO()
    torch.save(state, buffer)
    buffer.seek(0)
    return buffer


def test_the_published_schedule():
    schedule = CosineSchedule(0.0005, 0.0001, freq=10, limit=30, skew=0.5)
    assert [schedule.rate_after(s) for s in (0, 9)] == [0.0005, 0.0005]
    assert schedule.rate_after(10) == pytest.approx(4.742e-4, rel=1e-4)
    assert schedule.rate_after(29) == pytest.approx(2.9216e-4, rel=1e-4)
    assert schedule.rate_after(30) == pytest.approx(1e-4)
    with pytest.raises(ValueError, match="at least 1"):
        CosineSchedule(1, 0, freq=0, limit=1)


def test_epoch_seeds_follow_from_each_other():
    assert next_epoch_seed(0) == 3626764237


@pytest.mark.parametrize("drop_last", [True, False])
def test_batches_come_in_the_order_of_torchs_own_loader(drop_last):
    order = BatchSampler(10, 4, seed=0, drop_last=drop_last)
    for seed in (0, 3626764237, next_epoch_seed(3626764237)):
        loader = DataLoader(
            TensorDataset(torch.arange(10)), 4, True, drop_last=drop_last, generator=torch.Generator().manual_seed(seed)
        )
        expected = [batch[0].tolist() for batch in loader]
        assert [next(order).tolist() for _ in expected] == expected


def test_an_order_goes_on_from_any_batch():
    order = BatchSampler(10, 3, seed=5)
    taken = [next(order) for _ in range(6)]
    other = BatchSampler(10, 3, seed=5)
    other.load_state_dict(order.state_dict())
    assert len(taken) == 6
    assert all(torch.equal(next(order), next(other)) for _ in range(9))
    assert torch.equal(torch.cat(list(BatchSampler(7, 3, seed=0, shuffle=False).one_epoch())), torch.arange(7))


class Numbers(Dataset):
    """The numbers from 0."""

    din = 1

    def __init__(self, count):
        self.count = count

    def __len__(self):
        return self.count

    def batch(self, indices):
        return indices.float().unsqueeze(1)


def test_parts_are_disjoint_and_complete():
    torch.manual_seed(0)
    parts = split(Numbers(10), {"val": 0.2, "more": 0.3})
    torch.manual_seed(0)
    assert torch.equal(torch.cat([parts[name].indices for name in ("val", "more", "train")]), torch.randperm(10))
    assert [len(parts[name]) for name in ("train", "val", "more")] == [5, 2, 3]
    assert parts["val"].batch(torch.tensor([1])).item() == parts["val"].indices[1]
    assert torch.equal(split(Numbers(4), {"val": 0.5}, shuffle=False)["train"].indices, torch.tensor([2, 3]))


@pytest.mark.parametrize("ratios", [{"val": 1.0}, {"val": -0.1}, {"val": 0.5, "b": 0.5}])
def test_splits_that_leave_nothing_are_refused(ratios):
    with pytest.raises(UserError, match="split"):
        split(Numbers(10), ratios)


def test_a_batch_larger_than_the_data_is_refused():
    with pytest.raises(UserError, match="batch_size 20"):
        BatchSampler(10, 20, 0, drop_last=True)
    assert len(next(BatchSampler(10, 20, 0))) == 10
    assert len(Subset(Numbers(3), torch.arange(2))) == 2


def test_generators_are_saved_and_restored_together():
    seed_everything(3)
    state = torch.load(_saved(generator_states()), weights_only=True)
    drawn = [random.random(), np.random.rand(), torch.rand(1).item()]
    set_generator_states(state)
    assert [random.random(), np.random.rand(), torch.rand(1).item()] == drawn


def test_drawing_undisturbed_leaves_the_training_alone():
    torch.manual_seed(0)
    expected = torch.rand(1)
    torch.manual_seed(0)
    with undisturbed(7):
        inside = torch.rand(1)
    assert torch.equal(torch.rand(1), expected)
    torch.manual_seed(7)
    assert torch.equal(torch.rand(1), inside)
