"""Precisions: on a GPU, products and convolutions are in the one that was asked for, and not in torch's default."""

import pytest
import torch

from omnilearn.precision import use_precision


@pytest.fixture
def _as_it_was():
    products, convolutions = torch.get_float32_matmul_precision(), torch.backends.cudnn.allow_tf32
    yield
    torch.set_float32_matmul_precision(products)
    torch.backends.cudnn.allow_tf32 = convolutions


@pytest.mark.filterwarnings("ignore:Please use the new API settings")  # which torch 2.9 recommends
@pytest.mark.usefixtures("_as_it_was")
@pytest.mark.parametrize(("precision", "tf32"), [("float32", False), ("tf32", True), ("bf16", False)])
def test_only_tf32_is_in_tf32(precision, tf32):
    use_precision(precision, torch.device("cuda"))
    assert torch.backends.cudnn.allow_tf32 == tf32
    assert torch.get_float32_matmul_precision() == ("high" if tf32 else "highest")
