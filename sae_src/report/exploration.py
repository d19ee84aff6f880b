"""What a page shows of a model: decoded latents along each latent, and how all latents respond."""

from dataclasses import dataclass

import torch
from torch import Tensor

from sae_src.hybrid import Hybrid
from sae_src.latent_responses.metric import scales_of
from sae_src.methods import Autoencoder, mean_of
from sae_src.report.observations import FactorTraversal, Observations
from sae_src.responses import response_matrix

MOST_LATENTS = 64
"""Latents that are explored; of more, those that respond most to interventions on themselves."""
SAMPLES, INTERVENED = 16, 24
BATCH_SIZE = 16
"""Decoded or encoded at once: with more, memory that comes and goes takes longer than what is saved."""


@dataclass(frozen=True)
class FactorEffect:
    """What a model makes of a traversal of a factor.

    Attributes:
        images: reconstructions (N, V, *dout).
        changes: codes (N, V, D) less those of the observation itself, in standard deviations.
    """

    images: Tensor
    changes: Tensor


@dataclass(frozen=True)
class Exploration:
    """What a page shows of a model; responses and changes are in standard deviations of the latents.

    Attributes:
        latents: which latents are explored, D of them.
        values: the values (N, D, S) that each takes, rising; for N observations.
        home: which of them (N, D) is the observation's own.
        images: outputs (N, D, S, *dout) with one latent at each of its values.
        responses: how all latents respond then (N, D, S, D), compared with the latents left as they are.
        reconstructions: of the observations to show (M, *dout).
        matrix: the response matrix (D, D): root mean square over interventions.
        factors: what it makes of each factor's traversal.
        hybrids, priors: decoded samples (16, *dout), where the method has them.
    """

    latents: list[int]
    values: Tensor
    home: Tensor
    images: Tensor
    responses: Tensor
    reconstructions: Tensor
    matrix: Tensor
    factors: list[FactorEffect]
    hybrids: Tensor | None
    priors: Tensor | None


@torch.no_grad()
def explore(model: Autoencoder, seen: Observations, steps: int) -> Exploration:
    """Decode and encode what a page shows of a model in evaluation mode; samples come from torch's global generators.

    Args:
        model: the model, on the device of the observations.
        seen: the observations.
        steps: values of each latent, at least 3.
    """
    spread = codes_of(model, seen.encoded)
    scales = scales_of(spread.cpu()).to(spread.device)
    matrix = response_matrix(
        spread[:INTERVENED], model.encode, model.decode, scales, force_different=True, batch_size=BATCH_SIZE
    )
    strongest = matrix.diagonal().argsort(descending=True, stable=True)[:MOST_LATENTS]
    latents = strongest.sort().values
    codes = codes_of(model, seen.explored)
    values, home = _values(codes, spread, steps)
    values, home = values[:, latents], home[:, latents]
    moved = codes[:, None, None].repeat(1, len(latents), steps, 1)
    for place, latent in enumerate(latents.tolist()):
        moved[:, place, :, latent] = values[:, place]
    images = outputs_of(model, moved)
    base = codes_of(model, outputs_of(model, codes))
    responses = (codes_of(model, images, lead=3) - base[:, None, None])[..., latents] / scales[latents]
    return Exploration(
        latents=latents.tolist(),
        values=values,
        home=home,
        images=images,
        responses=responses,
        reconstructions=outputs_of(model, codes_of(model, seen.shown)),
        matrix=matrix[latents][:, latents],
        factors=[_effect(model, factor, codes, latents, scales) for factor in seen.factors],
        hybrids=_hybrids(model),
        priors=None if model.prior is None else outputs_of(model, model.sample_prior(SAMPLES)),
    )


def factor_matrix(factors: list[FactorEffect]) -> Tensor:
    """How far each latent (column) moves along the traversals of each factor (row): root mean square (K, D)."""
    return torch.stack([factor.changes.square().mean(dim=(0, 1)).sqrt() for factor in factors])


def _values(codes: Tensor, spread: Tensor, steps: int) -> tuple[Tensor, Tensor]:
    """Values (N, D, S) from the least to the largest code, the nearest replaced by an observation's own, and which."""
    low = torch.minimum(spread.amin(dim=0), codes)
    high = torch.maximum(spread.amax(dim=0), codes)
    weights = torch.linspace(0, 1, steps, device=codes.device)
    values = low[..., None] + weights * (high - low)[..., None]
    home = (values - codes[..., None]).abs().argmin(dim=-1)
    return values.scatter(-1, home[..., None], codes[..., None]), home


def _effect(
    model: Autoencoder, factor: FactorTraversal, codes: Tensor, latents: Tensor, scales: Tensor
) -> FactorEffect:
    found = codes_of(model, factor.images, lead=2)
    return FactorEffect(outputs_of(model, found), ((found - codes[:, None]) / scales)[..., latents])


def _hybrids(model: Autoencoder) -> Tensor | None:
    if not (isinstance(model, Hybrid) and model.has_latents):
        return None
    return outputs_of(model, model.sample_hybrid(SAMPLES))


def codes_of(model: Autoencoder, observations: Tensor, lead: int = 1) -> Tensor:
    """The codes (..., D) of observations (..., *din) with `lead` leading dimensions."""
    rows = observations.flatten(0, lead - 1) if lead > 1 else observations
    found = torch.cat([mean_of(model.encode(some)) for some in rows.split(BATCH_SIZE)])
    return found.unflatten(0, observations.shape[:lead])


def outputs_of(model: Autoencoder, codes: Tensor) -> Tensor:
    """The outputs (..., *dout) of codes (..., D)."""
    rows = codes.flatten(0, -2)
    found = torch.cat([model.decode(some) for some in rows.split(BATCH_SIZE)])
    return found.unflatten(0, codes.shape[:-1])
