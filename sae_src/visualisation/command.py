"""`fig visualize`: figures of a trained run for papers."""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args

import torch

from omnilearn.config import Node, call, reject_unknown_keys, reject_unused
from omnilearn.config.tree import given_keys
from omnilearn.device import describe_device, pick_device, to_device
from omnilearn.errors import UserError, counted, did_you_mean
from omnilearn.evaluation.evaluate import check_fit
from omnilearn.figures import arranged, encoded
from omnilearn.files import is_regular, not_regular, write_bytes
from omnilearn.randomness import derived_seed, undisturbed
from omnilearn.runs.folder import save_root
from omnilearn.runs.summary import summarise
from sae_src.eval_metrics.results import make_figure_folder
from sae_src.methods import as_autoencoder, mean_of
from sae_src.report.observations import shown_part
from sae_src.run import Selection, load_run
from sae_src.visualisation.paper import INCHES, Style, Width
from sae_src.visualisation.paper_figure import PaperFigure
from sae_src.visualisation.subject import Amounts, Subject
from sae_src.visualisation.table import all_figures

Form = Literal["png", "pdf", "gif"]
Name = TypeVar("Name", bound=str)
_DOTS_PER_INCH = 300
_MOST = {"observations": 64, "samples": 256, "steps": 41, "codes": 100_000, "points": 257}
_LEAST = {"observations": 1, "samples": 1, "steps": 3, "codes": 3, "points": 3}


@dataclass(frozen=True)
class VisualizeSettings:
    """What `fig visualize` can be told; `fig visualize -h` says what each key means."""

    figures: str | tuple[str, ...] | None = None
    format: str | tuple[str, ...] = ("png", "pdf", "gif")
    width: Width = "double"
    titles: bool = False
    overwrite: bool = False
    observations: int = Amounts.observations
    samples: int = Amounts.samples
    steps: int = Amounts.steps
    codes: int = Amounts.codes
    points: int = Amounts.points
    latents: tuple[int, int] | None = None
    extent: float | None = None
    seed: int = 0
    ckpt_num: int | None = None
    device: str | None = None
    override: Mapping[str, Any] | None = None
    saveroot: Path | None = None

    def __post_init__(self) -> None:
        for name, most in _MOST.items():
            if not _LEAST[name] <= getattr(self, name) <= most:
                raise UserError(f"{name} must be from {_LEAST[name]} to {most}, got {getattr(self, name)}")
        if self.latents is not None and self.latents[0] == self.latents[1]:
            raise UserError(f"latents: two different ones span a plane, got {list(self.latents)}")
        if self.extent is not None and not 0 < self.extent < float("inf"):
            raise UserError(f"extent must be a number above 0, got {self.extent}")
        names_among("figures", self.figures, list(all_figures()))
        names_among("format", self.format, get_args(Form))

    @property
    def amounts(self) -> Amounts:
        """How much is shown."""
        return Amounts(self.observations, self.samples, self.steps, self.codes, self.points, self.latents, self.extent)


def visualize(config: Node) -> list[Path]:
    """Write the figures that the keys of `fig visualize` ask for into the folder of a run; returns the files."""
    selection, settings = call(Selection, config), call(VisualizeSettings, config)
    reject_unused(config)
    device = pick_device(settings.device)
    root = save_root(settings.saveroot)
    run = load_run(selection.name, saveroot=root, step=settings.ckpt_num, override=settings.override)
    model = to_device(as_autoencoder(run.model), device)
    dataset = run.data.dataset.to(device)
    reject_unknown_keys(run.config, given_keys(run.override), "override.")
    observations = dataset.batch(torch.arange(min(2, len(dataset))))
    check_fit(model, observations, lambda some: model.decode(mean_of(model.encode(some))), settings.seed)
    if note := shown_part(dataset)[1]:
        print(f"note: {note}")
    subject = Subject(model, dataset, settings.amounts, settings.seed)
    chosen = _possible(names_among("figures", settings.figures, list(all_figures())), subject)
    every: tuple[Form, ...] = get_args(Form)
    forms = names_among("format", settings.format, every)
    folder = run.path / "figures"
    files = {
        (name, form): folder / f"{name}.{form}"
        for name in chosen
        for form in forms
        if chosen[name].has_form(form, subject)
    }
    if not files:
        raise UserError("format: gif is for traversals of images; add png or pdf")
    _check_places(list(files.values()), overwrite=settings.overwrite)
    print(f"{run.name}, {run.checkpoint.name}: {', '.join(chosen)} on {describe_device(device)}", flush=True)
    about = f"{summarise(run.path).model}, {dataset.config}" if settings.titles else ""
    make_figure_folder(folder)
    for name, figure in chosen.items():
        title = f"{figure.title} ({about})" if settings.titles else ""
        wanted = [form for form in forms if (name, form) in files]
        with torch.no_grad(), undisturbed(derived_seed(settings.seed, name)):
            for form, content in _contents(figure, subject, Style(INCHES[settings.width], title), wanted):
                write_bytes(files[name, form], content)
    print(f"{counted(len(files), 'file')} written to {folder}")
    return list(files.values())


def names_among(key: str, wanted: str | Sequence[str] | None, known: Sequence[Name]) -> list[Name]:
    """The names of a list, or of a text with commas, in the order of the known ones; all for None.

    Raises `UserError` naming the key, for an unknown name or for none at all.
    """
    if wanted is None:
        return list(known)
    names = [name.strip() for name in (wanted.split(",") if isinstance(wanted, str) else wanted)]
    plain = [name.replace("_", "-") for name in names if name]
    for name in plain:
        if name not in known:
            hint = did_you_mean(name, known) or f": there are {', '.join(known)}"
            raise UserError(f"{key}: there is no '{name}'{hint}")
    if not plain:
        raise UserError(f"{key}: name at least one of {', '.join(known)}")
    return [name for name in known if name in plain]


def _possible(names: Sequence[str], subject: Subject) -> dict[str, PaperFigure]:
    """The figures of these names that can be drawn; a line says why others are left out."""
    reasons = {name: all_figures()[name].reason_against(subject) for name in names}
    for reason in dict.fromkeys(filter(None, reasons.values())):
        print(f"left out, {reason}: {', '.join(name for name in names if reasons[name] == reason)}")
    found = {name: all_figures()[name] for name in names if not reasons[name]}
    if not found:
        raise UserError("figures: none of them can be drawn of this run")
    return found


def _check_places(files: Sequence[Path], *, overwrite: bool) -> None:
    """Raises `UserError` for the first file that may not be written, before anything is computed."""
    for file in files:
        if os.path.lexists(file):
            if not overwrite:
                raise UserError(f"{file} is there already (--overwrite yes replaces it)")
            if not is_regular(file):
                raise not_regular(file)


def _contents(
    figure: PaperFigure, subject: Subject, style: Style, forms: Sequence[Form]
) -> Iterator[tuple[Form, bytes]]:
    """The figure in each form: it is drawn once, animations apart."""
    drawn = arranged(figure.draw(subject, style)) if {"png", "pdf"} & set(forms) else None
    for form in forms:
        if form == "gif":
            assert figure.animate is not None
            yield form, figure.animate(subject)
        else:
            assert drawn is not None
            yield form, encoded(drawn, form, dots_per_inch=_DOTS_PER_INCH)
