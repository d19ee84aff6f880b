"""Draws docs/results_samples.png from the runs of sweep/mini: `python docs/draw_results.py FOLDER`."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import torch  # noqa: E402

import sae_src as sae  # noqa: E402
from docs.write_results import MODELS  # noqa: E402
from omnilearn.figures import encoded  # noqa: E402
from omnilearn.files import write_bytes  # noqa: E402
from sae_src.comparison.selection import runs_to_compare  # noqa: E402
from sae_src.hybrid import Hybrid  # noqa: E402
from sae_src.methods import mean_of  # noqa: E402
from sae_src.visualisation.paper import Style  # noqa: E402
from sae_src.visualisation.tiles import Row, tile_figure  # noqa: E402

PICTURE = ROOT / "docs" / "results_samples.png"
OBSERVATIONS, HYBRIDS, SEED = 7, 9, 0


@torch.no_grad()
def rows(folder: Path) -> list[Row]:
    """Observations, then for each model of seed 0 its reconstructions of them, and its hybrids."""
    runs, _ = runs_to_compare("all", folder, where=f"sweep=mini seed={SEED}")
    paths = {run.model: run.summary.path for run in runs}
    found: list[Row] = []
    for name in MODELS:
        if name not in paths:
            continue
        run = sae.load_run(paths[name])
        model = run.model
        assert isinstance(model, Hybrid)
        if not found:
            validation = run.data.subset("val")
            observations = validation.batch(torch.arange(OBSERVATIONS))
            found.append(Row(observations, left="observed"))
        torch.manual_seed(SEED)
        hybrids = model.decode(model.sample_hybrid(HYBRIDS))
        images = torch.cat([model.decode(mean_of(model.encode(observations))), hybrids])
        above = ("reconstructions", "", "hybrids") if len(found) == 1 else ("", "", "")
        found.append(Row(images, left=name, above=above, apart=(OBSERVATIONS - 1,)))
    return found


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    figure = tile_figure(rows(Path(sys.argv[1])), Style(width=6.75))
    write_bytes(PICTURE, encoded(figure, "png", dots_per_inch=200))
