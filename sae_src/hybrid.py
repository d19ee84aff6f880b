"""Hybrid sampling: new latents by recombining those of real data, dimension by dimension or segment by segment."""

from collections.abc import Sequence
from typing import Any, Literal

import torch
from torch import Tensor

from omnilearn.config.registry import modifier
from sae_src.methods import Autoencoder, mean_of

Shuffle = Literal["modular", "independent"]


@modifier("hybrid")
class Hybrid(Autoencoder):
    """Mixin in front of a method: remembers the latents of the last training batch and recombines them.

    The latents stay in the buffer `_latent` (B, D), which is saved with the model and never changes outside training.

    Args:
        hybridize_groups: recombine whole segments (the decoder's `group_dims`) instead of single dimensions.
        hybrid_shuffle: `modular` as in the published system, or `independent` (see `shuffle_dimensions`).
    """

    evaluates_singly = True

    def __init__(
        self, *args: Any, hybridize_groups: bool = False, hybrid_shuffle: Shuffle = "modular", **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.hybridize_groups, self.hybrid_shuffle = hybridize_groups, hybrid_shuffle
        self.register_buffer("_latent", None)

    def losses(self, observations: Tensor) -> dict[str, Any]:
        """As the method's own; in training the latents are remembered."""
        result = super().losses(observations)
        if self.training:
            # Not a part of what else the encoder gave, and as weights are also where the forward pass has 16 bits.
            # Set as an attribute it is looked at first, and the losses are compiled anew for the second step.
            self._buffers["_latent"] = mean_of(result["latent"]).detach().to(self._weight_type, copy=True)
        return result

    @property
    def _weight_type(self) -> torch.dtype:
        return next(self.parameters()).dtype

    @property
    def has_latents(self) -> bool:
        """Whether there is anything to recombine yet."""
        return self._latent is not None

    def sample_hybrid(self, count: int | None = None, *, by_segment: bool | None = None) -> Tensor:
        """Recombined latents (count, D), from torch's global generators; as many as remembered by default.

        `by_segment` recombines whole segments, where the decoder has any (default: as `hybridize_groups` says).
        Raises `ValueError` before the first training batch.
        """
        if self._latent is None:
            raise ValueError("there are no latents to recombine before the first training batch")
        batch = len(self._latent)
        count = batch if count is None else count
        by_segment = self.hybridize_groups if by_segment is None else by_segment
        lengths = getattr(self.decoder, "group_dims", None) if by_segment else None
        draws = [self._recombine(lengths) for _ in range(0, count, batch)]
        return torch.cat(draws)[:count] if draws else self._latent[:0]

    def generate(self, count: int) -> Tensor:
        """New samples (count, *dout), decoded from recombined latents."""
        return self.decode(self.sample_hybrid(count))

    def _recombine(self, lengths: Sequence[int] | None) -> Tensor:
        if lengths is not None:
            return shuffle_segments(self._latent, lengths)
        return shuffle_dimensions(self._latent, self.hybrid_shuffle)

    def _load_from_state_dict(self, state_dict: dict[str, Any], prefix: str, *args: Any) -> None:
        stored = state_dict.get(f"{prefix}_latent")
        if stored is not None:
            self._latent = torch.empty_like(stored, dtype=self._weight_type, device=next(self.parameters()).device)
        super()._load_from_state_dict(state_dict, prefix, *args)


def shuffle_dimensions(latent: Tensor, how: Shuffle = "modular") -> Tensor:
    """Latents (B, D) with the values of each column put in other rows, from torch's global CPU generator.

    `independent` permutes each column on its own. `modular`, the published one, takes B * D shuffled integers modulo B
    as row indices: over the whole matrix each row occurs D times, but within a column it is drawn with replacement.
    """
    batch, dimensions = latent.shape
    if how == "independent":
        rows = torch.stack([torch.randperm(batch) for _ in range(dimensions)], dim=1)
    else:
        rows = torch.randperm(batch * dimensions).fmod(batch).view(batch, dimensions)
    return latent.gather(0, rows.to(latent.device))


def shuffle_segments(latent: Tensor, lengths: Sequence[int]) -> Tensor:
    """Latents (B, D) cut into segments of the given lengths, each permuted as a block by its own random order."""
    segments = latent.split(list(lengths), dim=1)
    orders = [torch.randperm(len(latent), device=latent.device) for _ in segments]
    return torch.cat([segment[order] for segment, order in zip(segments, orders, strict=True)], dim=1)
