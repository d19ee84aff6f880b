"""Devices and threads."""

import pytest
import torch

from omnilearn.device import on_threads
from omnilearn.errors import UserError

TRAIN = "train a/conv12 m/ae d/vec --dataset.num-samples 300 --budget 2 --viz null --device cpu --name-include-date no"


def test_threads_hold_for_the_block_alone():
    before = torch.get_num_threads()
    with on_threads(before + 1):
        assert torch.get_num_threads() == before + 1
        with on_threads(None):
            assert torch.get_num_threads() == before + 1
    assert torch.get_num_threads() == before


@pytest.mark.parametrize("script", ["eval --ident", "eval-metrics --metrics mcc --num-train 20 --save-ident"])
def test_evaluations_take_a_number_of_threads(script, fig, monkeypatch):
    fig(f"{TRAIN} --name one --include-eval no")
    asked, tell = [], torch.set_num_threads
    monkeypatch.setattr(torch, "set_num_threads", lambda count: (asked.append(count), tell(count)))
    fig(f"{script} first --load one --device cpu --threads 3")
    assert 3 in asked and torch.get_num_threads() != 3
    with pytest.raises(UserError, match="threads: must be from 1 to 1024, got 0"):
        fig(f"{script} second --load one --device cpu --threads 0")
