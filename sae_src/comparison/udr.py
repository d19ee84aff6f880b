"""UDR of the runs of each group: how much a model resembles those that were trained with other seeds.

It belongs to a set of runs, so that no file of results holds it: it is computed for the runs that are compared.
"""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor
from torch.distributions import Normal

from omnilearn.errors import UserError, first_line
from omnilearn.evaluation.evaluate import evaluation_mode
from omnilearn.progress import with_progress
from omnilearn.randomness import undisturbed
from sae_src.comparison.groups import Group
from sae_src.comparison.scores import UDR, ScoredRun
from sae_src.divergences import kl_per_latent
from sae_src.eval_metrics.codes import fitting_batch_size
from sae_src.methods import as_autoencoder, mean_of
from sae_src.metrics import udr
from sae_src.run import load_run

POINTS = 1000


def add_udr(groups: Sequence[Group]) -> list[str]:
    """Add the score `udr` of every run to groups of at least two; returns notes on those that have none.

    The codes are those of 1,000 observations, the same for all: drawn uniformly without replacement with the seed 0.
    """
    notes = []
    for group in groups:
        title = " ".join(group.key.values())
        if len(group.runs) < 2:
            notes.append(f"{title}: no udr, which compares at least two seeds")
            continue
        try:
            codes, divergences = _codes_of(group.runs)
            found = udr.score(codes, divergences)["udr"]
        except (UserError, ValueError) as error:
            notes.append(f"{title}: no udr: {first_line(error)}")
            continue
        group.values[UDR] = {
            run.summary.seed or 0: float(value)
            for run, value in zip(group.runs, found, strict=True)
            if not np.isnan(value)
        }
        if not group.values[UDR]:
            del group.values[UDR]
            notes.append(f"{title}: no udr, since no code tells anything of the observations")
    return notes


def _codes_of(runs: Sequence[ScoredRun]) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """The codes (N, D) of each run, and how informative each is (D,).

    That is the mean KL divergence from the prior for Gaussian codes; of codes without a distribution, all count that
    are not constant.
    """
    shared: Tensor | None = None
    codes, divergences = [], []
    for each in with_progress(runs, "udr", "runs"):
        run = load_run(each.summary.path)
        dataset, model = run.data.dataset.in_mode("full"), as_autoencoder(run.model)
        order = torch.randperm(len(dataset), generator=torch.Generator().manual_seed(0))
        observations = dataset.batch(order[:POINTS])
        if shared is not None and not torch.equal(shared, observations):
            raise UserError(f"{each.summary.name} has other observations than {runs[0].summary.name}")
        shared = observations
        with evaluation_mode(model), undisturbed(0), torch.no_grad():
            latents = [model.encode(batch) for batch in observations.split(fitting_batch_size(model))]
        means = torch.cat([mean_of(latent) for latent in latents]).double()
        posteriors = [latent for latent in latents if isinstance(latent, Normal)]
        if posteriors:
            informative = torch.cat([kl_per_latent(posterior) for posterior in posteriors]).double().mean(0)
        else:
            informative = (means.amax(0) > means.amin(0)).double()
        codes.append(means.numpy())
        divergences.append(informative.numpy())
    return codes, divergences
