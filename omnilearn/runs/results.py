"""Evaluating a model and keeping the result: `{ident}.pth.tar` for programs, `{ident}.json` for people."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from torch import Tensor, nn
from torch.distributions import Normal

from omnilearn.assembly import Data
from omnilearn.evaluation import Evaluation, evaluate
from omnilearn.files import save_tensors, write_json
from omnilearn.randomness import undisturbed
from omnilearn.runs.info import library_versions
from omnilearn.training.records import Records
from omnilearn.training.visualiser import Visualiser


def evaluate_and_store(
    model: nn.Module,
    data: Data,
    folder: Path,
    *,
    ident: str,
    mode: str,
    step: int,
    seed: int,
    visualiser: Visualiser | None = None,
    step_limit: int | None = None,
    stop: Callable[[], BaseException | None] = lambda: None,
) -> Evaluation:
    """One pass over a part of the data; its scores, pictures and first batch go into the run folder.

    Writes the scalars and pictures `{ident}/...` for TensorBoard, `{ident}.pth.tar` with the first batch and what the
    model made of it, and `{ident}.json` with the scores and all that made them.
    """
    part = data.part(mode)
    order = data.loading.evaluation_order(part, seed)
    outcome = evaluate(model, part, order, seed, step_limit=step_limit, stop=stop)
    drawn: dict[str, Any] = {}
    with Records(folder) as records:
        records.at(step, f"{ident}/{{}}").scalars(outcome.scores)
        if visualiser is not None:
            model.eval()
            with undisturbed(seed):
                drawn = visualiser.draw(model, outcome.first, records, thorough=True)
    settings = {
        "seed": seed,
        "batch_size": data.loading.batch_size,
        "drop_last": data.loading.drop_last,
        "step_limit": step_limit,
        "samples": outcome.samples,
    }
    summary = {"scores": outcome.scores, "mode": mode, "step": step, "settings": settings}
    save_tensors(folder / f"{ident}.pth.tar", _storable({"batch": outcome.first["original"], **outcome.first, **drawn}))
    write_json(folder / f"{ident}.json", {**summary, "versions": library_versions()})
    return outcome


def _storable(result: Any) -> Any:
    """Tensors on the CPU; a normal distribution as its `loc` and `scale`."""
    if isinstance(result, Normal):
        return {"loc": _storable(result.loc), "scale": _storable(result.scale)}
    if isinstance(result, Tensor):
        return result.detach().cpu()
    if isinstance(result, dict):
        return {name: _storable(value) for name, value in result.items()}
    return result
