"""Writes docs/tour.ipynb by running its cells, which takes about a minute: `python docs/write_tour.py`."""

import ast
import base64
import contextlib
import io
import json
import os
import re
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import matplotlib  # noqa: E402

PAGE = ROOT / "docs" / "tour.ipynb"
DPI = 60  # of figures, which are kept in the repository
TEXT = "markdown"
CODE = "code"
CELLS = [
    (
        TEXT,
        """\
# A tour

Two autoencoders of the vectors of `d/vec`, which differ in the decoder alone: that of SAE-12 gets its 12 latents one
after the other, that of AE all at once. Each trains for some seconds; runs go to `trained_nets` below the folder.""",
    ),
    (
        CODE,
        """\
import matplotlib.pyplot as plt
import torch

import sae_src as sae

keys = {"budget": 2000, "viz": None, "print.freq": 500}
structural = sae.train("hybrid", "a/e/conv12", "a/d/strc/12", "m/ae", "d/vec", name="tour-sae", **keys)""",
    ),
    (
        CODE,
        """\
plain = sae.train("hybrid", "a/conv12", "m/ae", "d/vec", name="tour-ae", **keys)
runs = {"SAE-12": structural, "AE": plain}""",
    ),
    (
        TEXT,
        """\
## Reconstructions

A run has its model and its data. Losses are sums over the 100 values of a vector.""",
    ),
    (
        CODE,
        """\
batch = structural.dataset("val").batch(torch.arange(500))
figure, axes = plt.subplots(1, 2, figsize=(9, 2.5), sharey=True)
for axis, (name, run) in zip(axes, runs.items(), strict=True):
    axis.plot(batch[0], color="0.6", label="observation")
    axis.plot(run.model.decode(run.model.encode(batch[:1]))[0], label=name)
    axis.legend()""",
    ),
    (CODE, """{name: round(float(run.model.losses(batch)["rec_loss"]), 4) for name, run in runs.items()}"""),
    (
        TEXT,
        """\
## Latent responses

Set one latent to the value that it has in another observation, decode, encode: which latents have changed? Rows are
latents that were set, columns those that respond, in standard deviations. On the diagonal a latent answers for itself;
off it, latents depend on each other.""",
    ),
    (
        CODE,
        """\
figure, axes = plt.subplots(1, 2, figsize=(8, 3.5))
for axis, (name, run) in zip(axes, runs.items(), strict=True):
    latents = run.model.encode(batch)
    matrix = sae.response_matrix(latents[:100], run.model.encode, run.model.decode, scales=latents.std(dim=0))
    axis.imshow(matrix.numpy(), vmin=0)
    axis.set(title=name, xlabel="responds", ylabel="is set")""",
    ),
    (
        TEXT,
        """\
## Hybrids

New samples without a prior: the latents of the last training batch, recombined one by one.""",
    ),
    (
        CODE,
        """\
torch.manual_seed(0)
plt.figure(figsize=(8, 2))
plt.imshow(structural.model.generate(12).numpy(), aspect="auto")
plt.gca().set(xlabel="value", ylabel="hybrid");""",
    ),
    (
        TEXT,
        """\
## What the latents know

The vectors come from 8 variables. `r2` asks how well they are linear in the latents, `mcc` whether each has a latent
of its own. Metrics are functions of arrays: codes of any model will do.""",
    ),
    (
        CODE,
        """\
full = structural.dataset("full")
places = torch.arange(3000)
vectors, variables = full.batch(places), full.dataset.labels(places)
for name, run in runs.items():
    codes = run.encoder().transform(vectors)
    r2 = sae.metrics.r2.score(codes[:2000], variables[:2000], codes[2000:], variables[2000:])
    mcc = sae.metrics.mcc.score(codes, variables)
    print(f"{name}: r2 {r2['r2_linear']:.2f}, diagonal {r2['diagonal']:.2f}, mcc {mcc['mcc_pearson']:.2f}")""",
    ),
    (TEXT, "## All runs\n\nThe scores of runs are a pandas frame."),
    (
        CODE,
        """sae.results("tour-*").reset_index(drop=True)[["model", "data", "seed", "step", "eval.rec_loss"]].round(4)""",
    ),
    (
        TEXT,
        """\
`d/shapes` in place of `d/vec` gives images, `fig report --runs all` a page of these runs; `docs/tutorial.md` and
`docs/python.md` go on from here.""",
    ),
]


def main() -> None:
    """Run the cells in an empty folder and write the page."""
    with tempfile.TemporaryDirectory() as folder:
        page = notebook(Path(folder))
    PAGE.write_text(json.dumps(page, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print(f"{PAGE}: {PAGE.stat().st_size / 1000:.0f} kB")


def notebook(saves: Path, change: Callable[[str], str] = str) -> dict[str, Any]:
    """The page with its outputs.

    Args:
        saves: where runs go.
        change: what is executed in the place of a cell's code.
    """
    matplotlib.use("agg")
    os.environ["OMNILEARN_SAVE_DIR"] = str(saves)
    names: dict[str, Any] = {}
    cells = []
    for index, (kind, source) in enumerate(CELLS):
        cell = {"id": f"cell-{index}", "cell_type": kind, "metadata": {}, "source": source.splitlines(keepends=True)}
        if kind == CODE:
            outputs = [without_places(output, saves) for output in execute(change(source), names)]
            cell |= {"execution_count": None, "outputs": outputs}
        cells.append(cell)
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    metadata = {"kernelspec": kernel, "language_info": {"name": "python"}}
    return {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}


def execute(code: str, names: dict[str, Any]) -> list[dict[str, Any]]:
    """Run a cell as Jupyter does; returns what it prints, its last value and its figures."""
    from matplotlib import pyplot

    tree = ast.parse(code)
    last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) and not code.endswith(";") else None
    printed, value = io.StringIO(), None
    with contextlib.redirect_stdout(printed):
        exec(compile(tree, "cell", "exec"), names)
        if isinstance(last, ast.Expr):
            value = eval(compile(ast.Expression(last.value), "cell", "eval"), names)
    outputs: list[dict[str, Any]] = []
    if printed.getvalue():
        lines = printed.getvalue().splitlines(keepends=True)
        outputs.append({"output_type": "stream", "name": "stdout", "text": lines})
    if value is not None and not pyplot.get_fignums():
        data = {"text/plain": [repr(value)]}
        if hasattr(value, "_repr_html_"):
            data["text/html"] = value._repr_html_().splitlines(keepends=True)
        outputs.append({"output_type": "execute_result", "execution_count": None, "metadata": {}, "data": data})
    for number in pyplot.get_fignums():
        picture = io.BytesIO()
        pyplot.figure(number).savefig(picture, dpi=DPI, bbox_inches="tight", metadata={"Software": None})
        pyplot.close(number)
        data = {"image/png": base64.b64encode(picture.getvalue()).decode()}
        outputs.append({"output_type": "display_data", "metadata": {}, "data": data})
    return outputs


def without_places(output: dict[str, Any], saves: Path) -> dict[str, Any]:
    """An output with the folder of runs as a reader has it, and without the lines on what to type next."""
    if "text" not in output:
        return output
    text = "".join(output["text"]).replace(str(saves), "trained_nets")
    text = re.sub(r"^Next:\n(?:  .*\n)+", "", text, flags=re.MULTILINE)
    return {**output, "text": text.splitlines(keepends=True)}


if __name__ == "__main__":
    main()
