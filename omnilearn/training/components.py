"""What a training needs: data, model, optimiser and measures, built from a config and tried out."""

import os
from dataclasses import dataclass

import torch

from omnilearn.assembly import build_data, build_model, build_optimiser, seed_of
from omnilearn.config import Node
from omnilearn.data import BatchSampler, Data, Subset
from omnilearn.device import pick_device, to_device
from omnilearn.errors import UserError, first_line
from omnilearn.evaluation.evaluate import evaluation_mode
from omnilearn.evaluation.measures import Measure, configured_measures
from omnilearn.model import Model
from omnilearn.optim.optimisers import Optimiser
from omnilearn.randomness import undisturbed
from omnilearn.training.settings import TrainSettings


@dataclass(frozen=True)
class Components:
    """What is trained on what, on which device."""

    data: Data
    model: Model
    optimiser: Optimiser
    batches: BatchSampler
    measures: list[Measure]
    device: torch.device
    seed: int

    @property
    def train_subset(self) -> Subset:
        """The observations to train on."""
        return self.data.subsets["train"]


def assemble(config: Node, settings: TrainSettings) -> Components:
    """Build everything that a config names; nothing is written."""
    device = pick_device(settings.device)
    if settings.threads is not None:
        torch.set_num_threads(settings.threads)
    if settings.deterministic:
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
        torch.use_deterministic_algorithms(True)
    else:
        torch.backends.cudnn.benchmark = device.type == "cuda"
    data = build_data(config)
    if settings.threads is None and device.type == "cpu" and isinstance(data.dataset.din, int):
        torch.set_num_threads(1)  # layers of vectors are too small to be shared: more threads only wait for each other
    model = to_device(build_model(config, data.dataset.din), device)
    data.dataset.to(device)
    seed = seed_of(config)
    batches = data.loading.training_batches(data.subsets["train"], seed)
    for section in (settings.validation, settings.evaluation):
        if section is not None and section.mode != "val":  # without such a subset, `val` means no validation
            data.subset(section.mode)
    return Components(data, model, build_optimiser(config, model), batches, configured_measures(config), device, seed)


def try_out(components: Components) -> None:
    """Run two observations through the model, so that what does not fit is known before anything is written.

    Raises `UserError` where the model cannot take them. No random number that training uses is spent.
    """
    subset = components.train_subset
    try:
        with evaluation_mode(components.model), undisturbed(components.seed), torch.no_grad():
            components.model.losses(subset.batch(torch.arange(min(2, len(subset)))))
    except (RuntimeError, ValueError, IndexError) as error:
        raise UserError(f"the model and its criterion do not fit the data: {first_line(error)}") from error
