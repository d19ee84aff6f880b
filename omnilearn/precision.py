"""In which precision a model computes: what each is called, which device has it, and how it is switched on."""

import logging
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Literal

import torch

from omnilearn.errors import UserError

Precision = Literal["float32", "bf16", "fp16", "tf32"]
"""Weights are float32 in all of them. `tf32`: matrix products and convolutions in TensorFloat-32, on a GPU; `bf16` and
`fp16`: forward passes in 16 bits, where torch's autocast finds it safe; `fp16` with gradients scaled, on a GPU."""

_HALF = {"bf16": torch.bfloat16, "fp16": torch.float16}
_ONLY_ON_GPU = ("tf32", "fp16")

_log = logging.getLogger(__name__)


def use_precision(precision: Precision, device: torch.device) -> None:
    """Switch a precision on for the process, before a model is trained on a device.

    Raises `UserError` where the device does not have it; warns where it is slower there.
    """
    if device.type != "cuda" and precision in _ONLY_ON_GPU:
        raise UserError(f"precision: {precision} needs a GPU; on a CPU there are float32 and bf16")
    if device.type == "cpu" and precision == "bf16" and not has_fast_bf16():
        _log.warning("precision: this CPU does not compute in bf16 itself: float32 is faster")
    if device.type == "cuda":
        torch.set_float32_matmul_precision("high" if precision == "tf32" else "highest")
        torch.backends.cudnn.allow_tf32 = precision == "tf32"  # else convolutions are in TensorFloat-32 by default


def evaluation_precision(precision: Precision, device: torch.device) -> Precision:
    """The precision to evaluate a model in that was trained in one: float32 on a device that does not have it."""
    return "float32" if device.type != "cuda" and precision in _ONLY_ON_GPU else precision


def forward_context(precision: Precision, device: torch.device) -> AbstractContextManager[Any]:
    """The context for forward passes."""
    return torch.autocast(device.type, _HALF[precision]) if precision in _HALF else nullcontext()


def has_fast_bf16() -> bool:
    """Whether the CPU has instructions for products in bf16: AVX512-BF16 or AMX, or Arm's."""
    if hasattr(torch.cpu, "get_capabilities"):
        able = torch.cpu.get_capabilities()
        return any(able.get(name) for name in ("avx512_bf16", "amx_bf16", "arm_bf16", "bf16"))
    return torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()  # torch 2.9
