"""`fig report`: many runs as one page that opens from disk."""

import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from omnilearn.config import Node, call, reject_unused
from omnilearn.device import pick_device
from omnilearn.errors import UserError, counted, printable, size_in_words
from omnilearn.files import is_own_folder, write_text
from omnilearn.runs.folder import save_root
from sae_src.comparison.selection import names_in
from sae_src.report.contents import Contents, Extent, collect
from sae_src.report.packages import require_packages
from sae_src.report.selection import runs_to_report

MOST_OBSERVATIONS, MOST_STEPS = 12, 41


@dataclass(frozen=True)
class ReportSettings:
    """What `fig report` can be told; `fig report -h` says what each key means."""

    runs: str | tuple[str, ...] | None = None
    where: str = ""
    by: str | tuple[str, ...] = ("model", "data")
    scores: str | tuple[str, ...] | None = None
    unfinished: bool = False
    out: Path = Path("report.html")
    overwrite: bool = False
    observations: int = 3
    steps: int = 11
    device: str | None = None
    saveroot: Path | None = None

    def __post_init__(self) -> None:
        if not self.runs:
            raise UserError("which runs? --runs all, a pattern such as 'vec_*', or a list: '[NAME, NAME]'")
        if self.out.suffix not in (".html", ".htm"):
            raise UserError(f"out: {self.out} must end with .html")
        if not 1 <= self.observations <= MOST_OBSERVATIONS:
            raise UserError(f"observations must be from 1 to {MOST_OBSERVATIONS}, got {self.observations}")
        if not 3 <= self.steps <= MOST_STEPS:
            raise UserError(f"steps must be from 3 to {MOST_STEPS}, got {self.steps}")


def report(config: Node) -> Contents:
    """Write the page that the keys of `fig report` ask for; returns what is on it."""
    settings = call(ReportSettings, config)
    reject_unused(config)
    require_packages()
    from sae_src.report.render import page  # which needs these packages

    _check_place(settings.out, settings.overwrite)
    device = pick_device(settings.device)
    assert settings.runs is not None
    root = save_root(settings.saveroot)
    runs, notes = runs_to_report(settings.runs, root, where=settings.where, unfinished=settings.unfinished)
    extent = Extent(settings.observations, settings.steps)
    contents = collect(runs, by=names_in(settings.by), scores=names_in(settings.scores), extent=extent, device=device)
    contents.notes[:0] = notes
    for note in contents.notes:
        print(f"note: {printable(note)}")
    text = page(contents, written=datetime.now())
    write_text(settings.out, text)
    size = size_in_words(len(text.encode()))
    print(f"{counted(len(runs), 'run')} written to {settings.out} ({size}): open it in a browser")
    return contents


def _check_place(out: Path, overwrite: bool) -> None:
    """Raises `UserError` where the page cannot be written, before anything is computed."""
    if is_own_folder(out):
        raise UserError(f"out: {out} is a folder; name a file in it")
    if not out.parent.is_dir():
        raise UserError(f"out: there is no folder {out.parent}")
    if os.path.lexists(out) and not overwrite:
        raise UserError(f"out: {out} is there already (--overwrite yes replaces it)")
