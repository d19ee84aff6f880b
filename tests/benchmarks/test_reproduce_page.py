"""docs/reproduce.md: its tables are the published numbers, its counts those of the sweeps, its commands exist."""

import math
import re

import omnifig
import pytest
import yaml

from benchmarks.paper import read_published
from tests.conftest import ROOT
from tests.documents import blocks

PAGE = ROOT / "docs" / "reproduce.md"
SCORES = {"loss": "rec_loss", "reconstructions": "rec_fid", "hybrids": "hybrid_fid", "prior": "prior_fid"}
SCORES |= {"group hybrids": "hyb-grp_fid", "DCI": "dci", "MIG": "mig", "IRS": "irs"}
TABLES = {"3D-Shapes:": "3ds", "MPI3D, real:": "real", "CelebA:": "celeba"}
CELL = re.compile(r"([\d.]+)(?: ± ([\d.]+))?(?: \((\d)\))?")


def tables() -> dict[str, list[dict[str, str]]]:
    """The tables of numbers by the words before them, each a list of rows."""
    found = {}
    pattern = r"(\S[^\n|]*)\n\n\| (model \|[^\n]*) \|\n\|[-|]+\|\n((?:\|.*\n)+)"
    for words, head, body in re.findall(pattern, PAGE.read_text()):
        names = head.split(" | ")
        rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in body.splitlines()]
        found[words] = [dict(zip(names, row, strict=True)) for row in rows]
    return found


@pytest.mark.parametrize(("words", "data"), TABLES.items())
def test_the_tables_are_the_published_numbers(words, data):
    (rows,) = [rows for text, rows in tables().items() if text.endswith(words)]
    published = read_published().tables[data]
    assert [row["model"] for row in rows] == list(published)
    for row in rows:
        model = row.pop("model")
        shown = {SCORES[name] for name, cell in row.items() if cell}
        assert shown == published[model].keys() & {SCORES[name] for name in row}
        for name, cell in row.items():
            if cell:
                mean, sd, n = CELL.fullmatch(cell).groups()
                value = published[model][SCORES[name]]
                digits = len(mean.partition(".")[2])
                assert float(mean) == pytest.approx(value.mean, abs=0.501 * 10**-digits)
                assert int(n or 1) == value.n and (sd is None) == math.isnan(value.sd)
                assert sd is None or float(sd) == pytest.approx(value.sd, abs=0.501 * 10**-digits)


def test_the_counts_are_those_of_the_sweeps():
    lines = re.findall(r"\[sweep/(\w+)\].*?(\d+) x (\d+) x (\d+) = (\d+) runs", PAGE.read_text())
    assert [line[0] for line in lines] == ["3ds", "mpi", "celeba"]
    for name, models, data, seeds, runs in lines:
        sweep = yaml.safe_load((ROOT / "config" / "sweep" / f"{name}.yaml").read_text())["sweep"]
        sets = sweep["data"] if isinstance(sweep["data"], list) else [sweep["data"]]
        assert [len(sweep["models"]), len(sets), len(sweep["seed"])] == [int(models), int(data), int(seeds)]
        assert int(runs) == int(models) * int(data) * int(seeds)


def test_commands_name_what_there_is():
    lines = [line for code in blocks(PAGE) for line in code.splitlines()]
    lines += re.findall(r"`(fig [^`]+)`", PAGE.read_text())
    project = omnifig.get_current_project()
    for line in lines:
        program, *words = line.split()
        if program == "fig":
            script, *configs = words[: next((n for n, word in enumerate(words) if word.startswith("--")), len(words))]
            project.find_artifact("script", script)
            missing = [name for name in configs if name != "my.yaml" and not (ROOT / f"config/{name}.yaml").is_file()]
            assert missing == [], line
