"""The contents of a report as one page of HTML, in which no text of a run can become code."""

import base64
import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from plotly.offline import get_plotlyjs

from sae_src.report.contents import Contents

_SCRIPTS = ("common", "tables", "charts", "sprites", "explorer", "routes")
_FOLDER = "sae_src.report.page"


def page(contents: Contents, *, written: datetime) -> str:
    """The page; the same for the same contents but for the line that says when it was written.

    Texts are escaped by jinja2. Data for the scripts is JSON without a sign that HTML knows. The policy in its head
    lets no script run but the two whose hashes it names, and nothing be fetched from anywhere.
    """
    environment = Environment(
        loader=PackageLoader("sae_src.report", "page"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"number": _number, "in_script": in_script}
    plotly = get_plotlyjs().replace("\r\n", "\n")
    script = "\n".join(_part(f"{name}.js") for name in _SCRIPTS)
    return environment.get_template("page.html").render(
        sections=_numbered(contents),
        total=sum(len(section.runs) for section in contents.sections),
        notes=contents.notes,
        written=f"{written:%Y-%m-%d %H:%M}",
        plotly=Markup(_script_text(plotly)),
        script=Markup(_script_text(script)),
        hashes=" ".join(f"'sha256-{_digest(text)}'" for text in (plotly, script)),
        style=Markup(_part("style.css")),
        data=_for_scripts(contents),
    )


def in_script(data: Any) -> Markup:
    """Data as JSON that can stand in a script element: no sign in it that HTML knows."""
    text = json.dumps(data, ensure_ascii=True, allow_nan=False, separators=(",", ":"), default=str)
    for sign in "<>&'":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return Markup(text)


@dataclass(frozen=True)
class NumberedSection:
    """A section with the number of its first run on the page."""

    section: Any
    first: int


def _numbered(contents: Contents) -> list[NumberedSection]:
    found, first = [], 0
    for section in contents.sections:
        found.append(NumberedSection(section, first))
        first += len(section.runs)
    return found


def _for_scripts(contents: Contents) -> dict[str, Any]:
    """What the scripts need at once; what the explorer shows of each run is kept apart, and read when it is shown."""
    runs = [
        {
            "name": run.name,
            "model": run.scored.model,
            "seed": run.scored.summary.seed,
            "section": place,
            "explorable": run.look is not None and section.look is not None and bool(section.look["kind"]),
            "curves": run.curves,
            "matrix": None if run.look is None else run.look["matrix"],
            "factorMatrix": None if run.look is None else run.look["factor_matrix"],
            "latents": None if run.look is None else run.look["latents"],
        }
        for place, section in enumerate(contents.sections)
        for run in section.runs
    ]
    factors = [
        [] if section.look is None else [factor["name"] for factor in section.look["factors"]]
        for section in contents.sections
    ]
    return {"runs": runs, "sections": [section.name for section in contents.sections], "factors": factors}


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4g}"


def _part(name: str) -> str:
    return (files(_FOLDER) / name).read_text(encoding="utf-8")


def _script_text(text: str) -> str:
    assert "</script" not in text.lower() and "<!--" not in text, "this script would end its element"
    return text


def _digest(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode("ascii")
