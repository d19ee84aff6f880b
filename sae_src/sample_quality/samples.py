"""Samples of a model: reconstructions, from the prior, and hybrids."""

from collections.abc import Iterator
from typing import Literal

import torch
from torch import Tensor

from omnilearn.data import BatchSampler, Subset
from sae_src.hybrid import Hybrid
from sae_src.methods import Autoencoder

SampleKind = Literal["rec", "prior", "hybrid", "hyb-grp"]
"""Reconstructions; decoded from the prior; hybrids of single latents; hybrids of whole segments."""


def kinds_of(model: Autoencoder) -> list[SampleKind]:
    """The kinds that a model is evaluated by; hybrids are of whole segments where it says `hybridize_groups`."""
    by_segment = isinstance(model, Hybrid) and model.hybridize_groups and why_not(model, "hyb-grp") is None
    kinds: tuple[SampleKind, ...] = ("rec", "prior", "hyb-grp" if by_segment else "hybrid")
    return [kind for kind in kinds if why_not(model, kind) is None]


def why_not(model: Autoencoder, kind: SampleKind) -> str | None:
    """Why a model has no samples of a kind; None where it has."""
    if kind == "prior" and model.prior is None:
        return "the method has no prior"
    if kind in ("hybrid", "hyb-grp") and not (isinstance(model, Hybrid) and model.has_latents):
        return "the model is not hybrid, or was never trained"
    if kind == "hyb-grp" and getattr(model.decoder, "group_dims", None) is None:
        return "the decoder has no segments"
    return None


@torch.no_grad()
def sample_batches(
    model: Autoencoder, kind: SampleKind, count: int, *, subset: Subset, batch_size: int, seed: int
) -> Iterator[Tensor]:
    """`count` samples of a model as batches (B, *dout), B at most `batch_size`.

    Reconstructions are of the observations of `subset` in random order by `seed`, again and again where there are fewer
    than `count`. Latents come from torch's global generators. Hybrids recombine the latents of one batch, the last that
    the model was trained on, however many are drawn (kept from the published system).

    Raises `ValueError` for a kind that the model does not have.
    """
    reason = why_not(model, kind)
    if reason is not None:
        raise ValueError(f"no {kind} samples: {reason}")
    order = BatchSampler(len(subset), min(batch_size, len(subset)), seed)
    while count > 0:
        if kind == "rec":
            batch = model.decode(model.encode(subset.batch(next(order))))
        elif kind == "prior":
            batch = model.decode(model.sample_prior(min(batch_size, count)))
        else:
            assert isinstance(model, Hybrid)
            batch = model.decode(model.sample_hybrid(min(batch_size, count), by_segment=kind == "hyb-grp"))
        yield batch[:count]
        count -= len(batch)
