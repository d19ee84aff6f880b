"""Where omnifig enters the project: registers the scripts, and makes configs build plain classes.

A package of its own, because omnifig forgets the modules that lie in the folder of the one it imports.
"""

import os
import sys
from pathlib import Path

import omnifig as fig

ROOT = Path(__file__).resolve().parents[2]
# Always, even where it is there already: omnifig takes the first entry of the path away again after this import.
sys.path.insert(0, str(ROOT))
# Threads that wait by spinning take the cores from each other as soon as a second process runs: a step of a small
# model took 2.5 s instead of 0.13 s beside two others. It has to be set before torch is imported.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import omnilearn.config.exit_codes  # noqa: E402
import sae_src.commands.scripts  # noqa: E402
from omnilearn.config import components_in, install  # noqa: E402
from omnilearn.config.placeholders import found_by  # noqa: E402
from sae_src.figboot.own_project import join_projects  # noqa: E402

components_in("sae_src.components")
found_by("array_size", "omnilearn.data.own.layout")
install(fig.get_current_project())
join_projects(fig.get_current_project(), ROOT)
__all__ = ["omnilearn", "sae_src"]
