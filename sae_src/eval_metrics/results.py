"""Where the metrics of a run are kept: `{save_ident}.pth.tar` for programs, `{save_ident}.json` for people."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from omnilearn.figures import encoded
from omnilearn.files import is_own_folder, make_folder, not_regular, write_bytes, write_json
from omnilearn.tensor_files import save_tensors, storable
from omnilearn.tensorboard.writer import TensorBoardWriter, tag_of
from sae_src.eval_metrics.outcome import Outcome

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def results_path(run: Path, save_ident: str) -> Path:
    """The file whose presence says that the metrics of a run are done."""
    return run / f"{save_ident}.pth.tar"


def write_results(run: Path, save_ident: str, outcome: Outcome, summary: Mapping[str, Any]) -> None:
    """Write both files; the one for programs last, since it marks the run as done.

    Args:
        run: the folder of the run.
        save_ident: name of the files.
        outcome: the metrics.
        summary: what made them, for the readable file.
    """
    measured: dict[str, Any] = {"scores": outcome.scores, "skipped": outcome.skipped, "samples": outcome.samples}
    if outcome.trained_on is not None:
        measured["test_points_trained_on"] = outcome.trained_on
    seconds = {name: round(value, 3) for name, value in outcome.seconds.items()}
    write_json(run / f"{save_ident}.json", storable({**measured, "seconds": seconds, **summary}))
    save_tensors(results_path(run, save_ident), storable({"scores": outcome.scores, "results": outcome.results}))


def log_scores(writer: TensorBoardWriter, outcome: Outcome, mode: str, step: int) -> None:
    """Write every score that is a finite number as the scalar `{mode}/{MetricName}-{score}`."""
    for title, scores in outcome.scores.items():
        for name, value in scores.items():
            if math.isfinite(value):
                writer.scalar(f"{mode}/{title}-{name}", value, step)  # names of scores keep their underscores


def log_figures(writer: TensorBoardWriter, figures: "Mapping[str, Figure]", mode: str, step: int) -> None:
    """Write figures as the images `{mode}/{name}`."""
    for name, figure in figures.items():
        writer.figure(tag_of(f"{mode}/{{}}", name), figure, step)


def save_figures(folder: Path, prefix: str, figures: "Mapping[str, Figure]", *, follow_links: bool = False) -> None:
    """Write figures as `{prefix}_{name}.png` and `.pdf`, each whole or not at all; makes the folder.

    Raises `UserError` where the disk refuses or, unless links are followed, the folder is a link to another one.
    """
    make_figure_folder(folder, follow_links=follow_links)
    for name, figure in figures.items():
        write_bytes(folder / f"{prefix}_{name}.png", encoded(figure, "png", dots_per_inch=200, trimmed=True))
        write_bytes(folder / f"{prefix}_{name}.pdf", encoded(figure, "pdf", dots_per_inch=200, trimmed=True))


def make_figure_folder(folder: Path, *, follow_links: bool = False) -> None:
    """Make a folder for figures where there is none; raises `UserError` as `save_figures`."""
    make_folder(folder)
    if not (follow_links or is_own_folder(folder)):
        raise not_regular(folder)
