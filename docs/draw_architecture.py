"""Draws docs/architecture.png: `python docs/draw_architecture.py`."""

from pathlib import Path

from draw_structural_decoder import arrow, box
from matplotlib.axes import Axes
from matplotlib.figure import Figure

# Rows from the top down, each of rooms and what is in them: a room uses those below it.
SAE_SRC = [
    [("figboot", "where omnifig enters the project")],
    [("components", "all that configs can name")],
    [("commands", "one file per script, training, names of runs")],
    [("visualisation", "figures for papers")],
    [("report", "many runs as a page")],
    [("sweeps", "many runs from one file"), ("comparison", "lists, scores over seeds")],
    [("eval_metrics", "table, suite, figures"), ("evaluate", "fig eval")],
    [("sample_quality", "FID, factor net"), ("pictures", "for TensorBoard")],
    [("latent_responses", "to interventions on factors"), ("run", "build_model, load_run")],
    [("responses", "response matrix"), ("further_methods", "one file each"), ("hybrid", "recombined")],
    [("methods", "AE, VAE, WAE, SWAE"), ("decoders, ladder", "segments"), ("datasets, scm", "vectors")],
    [("divergences", "KL, MMD, ..."), ("structure_modules", "layers"), ("metrics", "on plain arrays")],
]
OMNILEARN = [
    [("training", "the step loop, hooks, console, resuming")],
    [("evaluation", "one pass over a part, measures, results")],
    [("runs", "folder, checkpoints, identity")],
    [("assembly", "data, model and optimiser of a config")],
    [("data", "sets, shapes, storage, download"), ("optim", "schedules"), ("tensorboard", "writer")],
    [("layers", "dense, convolutions, stacks"), ("model", "has losses")],
    [("config", "names, files, keys, types, constructors")],
    [("files, locks", "whole or absent"), ("device, progress", "GPU or CPU; bars"), ("randomness", "seeds")],
    [("errors", "one line for a mistake")],
]
# (title, colour, steps), each step with the room that it happens in; docs/architecture.md names the functions.
WAYS = [
    (
        "1  A loss, from YAML to the step",
        "#4477aa",
        [
            ("m/vae.yaml\n_type: vae", "config"),
            ("component\nof that name", "config"),
            ("build\nthe model", "assembly"),
            ("losses,\nregulariser", "methods"),
            ("KL\ndivergence", "divergences"),
            ("backward,\nupdate", "training"),
        ],
    ),
    (
        "2  A latent, to its structural layer",
        "#228833",
        [
            ("encode", "methods"),
            ("mean and\nstd", "layers"),
            ("decode", "methods"),
            ("split into\nsegments", "decoders"),
            ("segment to\nscale, shift", "structure_modules"),
            ("features of\nits layer", "structure_modules"),
        ],
    ),
    (
        "3  A code, to the DCI score",
        "#aa3377",
        [
            ("random\nobservations", "eval_metrics"),
            ("codes, each\nonce", "eval_metrics"),
            ("shared by\nthe metrics", "eval_metrics"),
            ("boosted\ntrees", "metrics"),
            ("importances\nto scores", "metrics"),
            ("files, figures,\ncurves", "eval_metrics"),
        ],
    ),
    (
        "4  A --key, to a constructor",
        "#b8860b",
        [
            ("words and\nkeys", "config"),
            ("over the files,\none tree", "config"),
            ("an argument\nasks for it", "config"),
            ("found here\nor above", "config"),
            ("as the type\nannotated", "config"),
            ("does anything\ntake it?", "config"),
        ],
    ),
]
LINE = "#555555"
ROW, GAP = 0.92, 0.12


def rooms(axes: Axes, rows: list, left: float, width: float, top: float, colour: str) -> None:
    """Rows of boxes from `top` down, all rows equally wide, and in each box the numbers of the ways through it."""
    for index, row in enumerate(rows):
        y = top - (index + 1) * ROW
        weights = [6 + max(1.3 * len(name), len(content)) for name, content in row]
        x = left
        for (name, content), weight in zip(row, weights, strict=True):
            share = (width - GAP * (len(row) - 1)) * weight / sum(weights)
            box(axes, x, y, share, ROW - 0.24, colour, "")
            middle = y + (ROW - 0.24) / 2
            axes.text(x + 0.1, middle + 0.14 * bool(content), name, va="center", fontsize=10)
            axes.text(x + 0.1, middle - 0.18, content, va="center", fontsize=7.5, color="#555555")
            ways = [way for way in WAYS if {room for _, room in way[2]} & set(name.split(", "))]
            for count, (title, tint, _) in enumerate(reversed(ways)):
                label = {"ha": "center", "va": "center", "fontsize": 7.5, "color": "white", "weight": "bold"}
                spot = (x + share - 0.14 - 0.26 * count, y + ROW - 0.39)
                axes.text(*spot, title[0], **label, bbox={"boxstyle": "circle,pad=0.18", "fc": tint, "ec": "none"})
            x += share + GAP


def way(axes: Axes, title: str, colour: str, steps: list, left: float, width: float, top: float) -> None:
    """A title, and the steps below it from left to right, each with its room underneath."""
    axes.text(left, top, title, fontsize=11, color=colour, weight="bold", va="center")
    gap = 0.32
    share = (width - gap * (len(steps) - 1)) / len(steps)
    for index, (name, room) in enumerate(steps):
        x = left + index * (share + gap)
        box(axes, x, top - 1.08, share, 0.78, "white", name, 8.5)
        axes.text(x + share / 2, top - 1.3, room, ha="center", va="center", fontsize=8, color=colour)
        if index:
            arrow(axes, (x - gap + 0.03, top - 0.69), (x - 0.03, top - 0.69), colour)


def draw() -> Figure:
    """The rooms of both packages side by side, and the four ways below them."""
    figure = Figure(figsize=(11, 13.93), layout="constrained")
    axes = figure.subplots()
    axes.set_xlim(-0.15, 13.65)
    axes.set_ylim(-10.22, 9.1)
    axes.axis("off")
    axes.text(0, 8.75, "sae_src: the paper", fontsize=13, weight="bold", va="center")
    axes.text(7.3, 8.75, "omnilearn: knows nothing of it", fontsize=13, weight="bold", va="center")
    rooms(axes, SAE_SRC, 0, 6.4, 8.4, "#dce8f5")
    rooms(axes, OMNILEARN, 7.3, 6.2, 8.4, "#f3ead8")
    arrow(axes, (6.48, 4.9), (7.22, 4.9), LINE)
    axes.text(6.85, 5.1, "imports", ha="center", fontsize=8, color=LINE)
    axes.text(0, -3.02, "A room imports rooms below it, never one beside or above it.", fontsize=9, color=LINE)
    for index, (title, colour, steps) in enumerate(WAYS):
        way(axes, title, colour, steps, 0, 13.5, -3.67 - 1.7 * index)
    return figure


if __name__ == "__main__":
    draw().savefig(Path(__file__).with_name("architecture.png"), dpi=110)
