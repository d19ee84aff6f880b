"""The test set of datasets that were published without one."""

import numpy as np
import torch
from torch import Tensor

TEST_SHARE = 0.2


def train_and_test(count: int) -> tuple[Tensor, Tensor]:
    """The indices of the training and of the test observations among `count`, as int64, in ascending order.

    The published rule: the last 20 % (rounded down) of numpy's legacy permutation of seed 0 are for testing. The same
    on every platform, since that generator is frozen.
    """
    order = np.random.RandomState(0).permutation(count).astype(np.int64)
    held_out = int(TEST_SHARE * count)
    train, test = order[: count - held_out], order[count - held_out :]
    return torch.from_numpy(np.sort(train)), torch.from_numpy(np.sort(test))
