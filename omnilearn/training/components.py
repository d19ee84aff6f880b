"""What a training needs: data, model, optimiser and measures, built from a config and tried out."""

import logging
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache, cached_property

import torch
from torch import Tensor

from omnilearn.assembly import build_data, build_model, build_optimisers, seed_of
from omnilearn.config import Node
from omnilearn.data import BatchSampler, Data, Subset
from omnilearn.data.pairs import PairedBatches
from omnilearn.device import pick_device, to_device
from omnilearn.errors import UserError
from omnilearn.evaluation.evaluate import check_batch_size, check_fit, losses_in
from omnilearn.evaluation.measures import Measure, configured_measures
from omnilearn.layers import Size
from omnilearn.model import Model
from omnilearn.optim.optimisers import Optimiser
from omnilearn.precision import forward_context, use_precision
from omnilearn.randomness import undisturbed
from omnilearn.system import cores
from omnilearn.training.compiler_check import differences
from omnilearn.training.settings import TrainSettings
from omnilearn.training.speed import (
    Compilation,
    CompilerError,
    Losses,
    choose_compilation,
    compiled,
    replays_graphs,
    seconds_per_step,
    use_fastest_threads,
    why_not_compiled,
)
from omnilearn.training.updated_part import freeze_but

_log = logging.getLogger(__name__)

# What a user can do where the losses of a run that was begun with compiled ones cannot be compiled any more.
_WHERE_IT_BEGAN = (
    "this run was begun with compiled losses: resume it where that works, or start another one with --compile no"
)


@dataclass(frozen=True)
class Components:
    """What is trained on what, on which device.

    Attributes:
        optimisers: each by the name of the loss that it lowers: `loss` for the model but its parts `trained_apart`,
            `PART_loss` for such a part.
        batches: the order of training batches.
        threads: how their number was chosen, where it was measured.
        compilation: whether the losses are compiled.
    """

    data: Data
    model: Model
    optimisers: Mapping[str, Optimiser]
    batches: BatchSampler | PairedBatches
    measures: list[Measure]
    device: torch.device
    seed: int
    threads: str = ""
    compilation: Compilation = field(default_factory=Compilation)

    @property
    def losses(self) -> Losses:
        """The function of a training step: the model's losses, or the same compiled."""
        return self._compiled_losses if self.compilation.compiled else self.model.losses

    @cached_property
    def _compiled_losses(self) -> Losses:
        return compiled(self.model.losses, graphs=self.compilation.graphs, otherwise=self.compilation.otherwise)

    @property
    def train_subset(self) -> Subset:
        """The observations to train on."""
        return self.data.subsets["train"]


def assemble(config: Node, settings: TrainSettings) -> Components:
    """Build everything that a config names; nothing is written."""
    device = pick_device(settings.device)
    use_precision(settings.precision, device)
    if isinstance(settings.threads, int):
        _tell_of_too_many(settings.threads)
        torch.set_num_threads(settings.threads)
    if settings.deterministic:
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
        torch.use_deterministic_algorithms(True)
    else:
        torch.backends.cudnn.benchmark = device.type == "cuda"
    data = build_data(config)
    if settings.origin is not None and data.dataset.din != settings.origin.din:
        raise UserError(
            f"from: {settings.origin.run} was trained on observations of {_shown(settings.origin.din)}, and those of "
            f"{data.dataset.config} are of {_shown(data.dataset.din)}: its weights do not fit"
        )
    if settings.threads is None and device.type == "cpu" and isinstance(data.dataset.din, int):
        torch.set_num_threads(1)  # layers of vectors are too small to be shared: more threads only wait for each other
    train_subset = data.subsets["train"]
    model = to_device(build_model(config, data.dataset.din, dataset_size=len(train_subset)), device)
    _check_pairs(model, data)
    if settings.update is not None:
        freeze_but(model, settings.update)
    check_batch_size(model, "eval_batch_size", settings.eval_batch_size)
    data.dataset.to(device)
    seed = seed_of(config)
    batches = data.loading.training_batches(train_subset, seed)
    for section in (settings.validation, settings.evaluation):
        if section is not None and section.mode != "val":  # without such a subset, `val` means no validation
            data.subset(section.mode)
    return Components(data, model, build_optimisers(config, model), batches, configured_measures(config), device, seed)


def tune(components: Components, settings: TrainSettings) -> Components:
    """Choose what the settings leave to measurements; the model and all random numbers stay as they are.

    Raises `CompilerError` where the losses are to be compiled, and torch cannot, or makes others of them.
    """
    graphs = replays_graphs(components.device)
    first_batch = cache(lambda: _first_batch(components))  # most trainings measure and compile nothing

    def seconds(change: Callable[[Losses], Losses] | None = None) -> float:
        with forward_context(settings.precision, components.device):
            return seconds_per_step(components.model, first_batch(), components.seed, change=change)

    def seconds_compiled() -> float:
        return seconds(lambda losses: compiled(losses, graphs=graphs))

    threads = use_fastest_threads(seconds) if settings.threads == "auto" else ""
    images = not isinstance(components.data.dataset.din, int)
    from_a_gpu = settings.compile == "auto" and images and components.device.type == "cpu"  # there auto compiles none
    if settings.compiled is not None and not from_a_gpu:
        compilation = Compilation(settings.compiled, "as it began", graphs, _WHERE_IT_BEGAN)
    else:
        compilation = choose_compilation(
            settings.compile,
            device=components.device,
            images=images,
            steps=settings.budget,
            seconds=seconds,
            seconds_compiled=seconds_compiled,
        )
    components = replace(components, threads=threads, compilation=compilation)
    if not compilation.compiled:
        return components
    try:
        _check_compiled(components, settings, first_batch())
    except Exception as error:
        if settings.compile != "auto" or settings.compiled is not None or (why := why_not_compiled(error)) is None:
            raise
        return replace(components, compilation=Compilation(False, why))
    return components


def _first_batch(components: Components) -> Tensor:
    """The observations of the next batch to train on, whose order and random numbers stay where they are."""
    batches = components.batches
    state = batches.state_dict()
    with undisturbed(components.seed):
        observations = components.train_subset.batch(next(batches))
    batches.load_state_dict(state)
    return observations


def _check_compiled(components: Components, settings: TrainSettings, observations: Tensor) -> None:
    """Compile the losses; `CompilerError` where torch cannot, or makes others of them."""
    print("compiling the losses, and comparing their gradients with those without", flush=True)
    names, late = list(components.optimisers), max(0, settings.budget - 1)
    found = differences(
        components.model, components.losses, observations, names, components.seed, settings.precision, step=late
    )
    if found:
        kind = "loss" if found[0] in names else "gradient"
        others = f" and {len(found) - 1} more" if len(found) > 1 else ""
        reason = f"torch {torch.__version__} computes another {kind} than without compiling: {found[0]}{others}"
        raise CompilerError(reason, components.compilation.otherwise)


def _shown(size: Size) -> str:
    return str(size) if isinstance(size, int) else " x ".join(map(str, size))


def _tell_of_too_many(threads: int) -> None:
    """Say where threads will wait for each other."""
    most = cores()
    if threads > most:
        _log.warning(
            "threads: %d share the %d cores of this machine, which may be many times slower; --threads %d goes on "
            "faster, with numbers that may differ in the last digits",
            threads,
            most,
            most,
        )


def _check_pairs(model: Model, data: Data) -> None:
    """Raise `UserError` where the batches hold pairs and the model takes none, or the other way round."""
    if model.takes_pairs and data.loading.pairs is None:
        raise UserError("dataset.pairs: this method trains on pairs: say how they differ, such as uniform_fixed")
    if data.loading.pairs is not None and not model.takes_pairs:
        raise UserError("dataset.pairs: this method trains on single observations: leave pairs out")


def try_out(components: Components) -> list[str]:
    """Run two observations through the model, so that what does not fit is known before anything is written.

    Returns the names of the model's losses. Raises `UserError` where the model cannot take them.
    """
    subset, model = components.train_subset, components.model
    names: list[str] = []
    check_fit(
        model,
        subset.batch(torch.arange(min(2, len(subset)))),
        lambda observations: names.extend(name for name, _ in losses_in(model.losses(observations))),
        components.seed,
    )
    return names
