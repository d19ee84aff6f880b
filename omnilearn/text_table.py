"""Tables as text: aligned columns, CSV, JSON, Markdown, LaTeX."""

import csv
import io
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Literal

Row = Mapping[str, Any]
Format = Literal["table", "csv", "json", "md", "tex"]
_SPECIAL = re.compile(r"([&%$#_{}])")


def render(rows: Sequence[Row], columns: Sequence[str], kind: Format = "table") -> str:
    """Rows as text; a value that is missing or None is empty."""
    if kind == "json":
        return json.dumps([{name: row.get(name) for name in columns} for row in rows], indent=2, default=str) + "\n"
    cells = [["" if row.get(name) is None else str(row[name]) for name in columns] for row in rows]
    if kind == "csv":
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows([columns, *cells])
        return text.getvalue()
    if kind == "md":
        lines = [columns, ["---"] * len(columns), *([cell.replace("|", "\\|") for cell in row] for row in cells)]
        return "".join(f"| {' | '.join(line)} |\n" for line in lines)
    if kind == "tex":
        body = [" & ".join(map(_latex, row)) + " \\\\" for row in (list(columns), *cells)]
        begin = f"\\begin{{tabular}}{{{'l' * len(columns)}}}"
        return "\n".join([begin, "\\hline", body[0], "\\hline", *body[1:], "\\hline", "\\end{tabular}", ""])
    return _aligned([list(columns), *cells], [_is_number(rows, name) for name in columns])


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


def _latex(text: str) -> str:
    escaped = _SPECIAL.sub(r"\\\1", text.replace("\\", "\\textbackslash "))
    return re.sub(r"\*\*(.*?)\*\*", r"\\textbf{\1}", escaped).replace("±", "$\\pm$").replace("~", "\\textasciitilde ")
