"""Tests on a GPU; without one each is skipped, and says so."""

import pytest
import torch


@pytest.fixture(scope="session")
def device() -> str:
    """The GPU that the tests run on."""
    if not torch.cuda.is_available():
        pytest.skip("no GPU here")
    return "cuda"


@pytest.fixture(autouse=True)
def _as_it_was():
    """Leave torch's settings as a test found them."""
    deterministic, benchmark = torch.are_deterministic_algorithms_enabled(), torch.backends.cudnn.benchmark
    products, convolutions = torch.get_float32_matmul_precision(), torch.backends.cudnn.allow_tf32
    yield
    torch.use_deterministic_algorithms(deterministic)
    torch.backends.cudnn.benchmark = benchmark
    torch.set_float32_matmul_precision(products)
    torch.backends.cudnn.allow_tf32 = convolutions
