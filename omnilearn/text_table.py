"""Tables as text: aligned columns, CSV, JSON, Markdown, LaTeX."""

import csv
import html
import io
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from omnilearn.errors import printable

Row = Mapping[str, Any]
Format = Literal["table", "csv", "json", "md", "tex"]
_SPECIAL = re.compile(r"([&%$#_{}])")


def render(rows: Sequence[Row], columns: Sequence[str], kind: Format = "table") -> str:
    """Rows as text; a value that is missing or None is empty.

    Values may come from a stranger's run: no sign of them controls a terminal, and no tag a page.
    """
    if kind == "json":
        return json.dumps([{name: row.get(name) for name in columns} for row in rows], indent=2, default=str) + "\n"
    shown = [printable(str(name)) for name in columns]
    cells = [["" if row.get(name) is None else printable(str(row[name])) for name in columns] for row in rows]
    if kind == "csv":
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows([shown, *cells])
        return text.getvalue()
    if kind == "md":
        lines = [
            [_markdown(name) for name in shown],
            ["---"] * len(columns),
            *([_markdown(cell) for cell in row] for row in cells),
        ]
        return "".join(f"| {' | '.join(line)} |\n" for line in lines)
    if kind == "tex":
        body = [" & ".join(map(_latex, row)) + " \\\\" for row in (shown, *cells)]
        begin = f"\\begin{{tabular}}{{{'l' * len(columns)}}}"
        return "\n".join([begin, "\\hline", body[0], "\\hline", *body[1:], "\\hline", "\\end{tabular}", ""])
    return _aligned([shown, *cells], [_is_number(rows, name) for name in columns])


def _aligned(lines: Sequence[Sequence[str]], to_the_right: Sequence[bool]) -> str:
    widths = [max(len(line[column]) for line in lines) for column in range(len(to_the_right))]
    return "".join(
        "  ".join(
            cell.rjust(width) if right else cell.ljust(width)
            for cell, width, right in zip(line, widths, to_the_right, strict=True)
        ).rstrip()
        + "\n"
        for line in lines
    )


def _is_number(rows: Sequence[Row], column: str) -> bool:
    return any(isinstance(row.get(column), int | float) for row in rows)


def _markdown(text: str) -> str:
    return html.escape(text, quote=False).replace("|", "\\|")


def _latex(text: str) -> str:
    escaped = _SPECIAL.sub(r"\\\1", text.replace("\\", "\\textbackslash "))
    return (
        re.sub(r"\*\*(.*?)\*\*", r"\\textbf{\1}", escaped)
        .replace("±", "$\\pm$")
        .replace("~", "\\textasciitilde ")
        .replace("^", "\\textasciicircum ")
    )
