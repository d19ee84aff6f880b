"""Draws docs/structural_decoder.png: `python docs/draw_structural_decoder.py`."""

from pathlib import Path

from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

SEGMENTS = 4
COLOURS = ["#4477aa", "#66ccee", "#228833", "#ccbb44"]
GREY = "#e9e9ec"


def box(axes, x, y, width, height, colour, text, size=10, text_colour="black"):
    """A rounded box with text, its lower left corner at (x, y)."""
    shape = FancyBboxPatch((x, y), width, height, boxstyle="round,pad=0.03", facecolor=colour, edgecolor="#444444")
    axes.add_patch(shape)
    axes.text(x + width / 2, y + height / 2, text, ha="center", va="center", fontsize=size, color=text_colour)


def arrow(axes, start, end, colour="#444444"):
    """An arrow between two points."""
    axes.add_patch(FancyArrowPatch(start, end, arrowstyle="-|>", mutation_scale=13, color=colour, linewidth=1.4))


def draw() -> Figure:
    """A decoder with four segments: the root at the left, the image at the right, the latent vector above."""
    figure = Figure(figsize=(11, 4.2), layout="constrained")
    axes = figure.subplots()
    axes.set_xlim(-0.2, 13.4)
    axes.set_ylim(-0.6, 4.6)
    axes.axis("off")
    axes.text(0.1, 4.25, "latent vector  z  =  K segments, one for each structural layer", fontsize=11)
    box(axes, 0.0, 0.55, 1.1, 0.9, GREY, "root\n(learned\nconstant)", 9)
    x = 1.6
    arrow(axes, (1.16, 1.0), (x - 0.06, 1.0))
    for index in range(SEGMENTS):
        colour = COLOURS[index]
        dark = "white" if index in (0, 2) else "black"
        box(axes, x, 3.35, 1.0, 0.6, colour, f"$z_{index + 1}$", 12, dark)
        arrow(axes, (x + 0.5, 3.3), (x + 0.5, 2.78), colour)
        box(axes, x + 0.05, 2.15, 0.9, 0.6, GREY, "MLP", 10)
        arrow(axes, (x + 0.5, 2.1), (x + 0.5, 1.52), colour)
        axes.text(x + 0.58, 1.8, "scale, shift", fontsize=8, va="center")
        box(axes, x, 0.55, 1.0, 0.9, colour, "structural\nlayer", 9, dark)
        arrow(axes, (x + 1.06, 1.0), (x + 1.34, 1.0))
        box(axes, x + 1.4, 0.55, 1.0, 0.9, GREY, "conv\n(up)", 9)
        if index < SEGMENTS - 1:
            arrow(axes, (x + 2.46, 1.0), (x + 2.74, 1.0))
        x += 2.8
    arrow(axes, (x - 0.34, 1.0), (x - 0.06, 1.0))
    axes.text(x, 1.0, "image", fontsize=11, va="center")
    axes.annotate("", (x - 0.4, 0.05), (1.6, 0.05), arrowprops={"arrowstyle": "->", "color": "#888888"})
    axes.text(6.9, -0.35, "early segments shape what is large, late ones the details", ha="center", color="#666666")
    return figure


if __name__ == "__main__":
    draw().savefig(Path(__file__).with_name("structural_decoder.png"), dpi=110)
