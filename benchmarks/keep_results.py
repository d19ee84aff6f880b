"""Keeps the results of finished runs without their weights, small enough to lie in a repository.

python -m benchmarks.keep_results trained_nets --where sweep=mini --out results/mini

Of each run that has come to its end (`--unfinished`: of the others too) its config, what `info.yaml` says of how it was
made, its scores and its losses are written to a folder of the same name. Names of machines and of places on their disks
are left out; of a file or folder of own data the last part of its name stays, which tells one from another. What comes
out is read like any folder of runs: `fig compare --runs all --saveroot results/mini`,
`python -m benchmarks.paper --compare results/mini`. Runs that were kept before and are no longer there stay.
"""

import argparse
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.choice_of_runs import add_choice_of_runs
from omnilearn.config import dump_yaml, load_yaml
from omnilearn.config.stored import PLACES
from omnilearn.errors import UserError, printable
from omnilearn.files import is_own_folder, make_folder, read_json_table, read_text, write_json, write_text
from omnilearn.runs.folder import CONFIG, INFO
from omnilearn.runs.info import read_info
from omnilearn.runs.summary import summarise
from omnilearn.tensorboard.curves import read_curves
from sae_src.comparison.selection import runs_to_compare

_PLACES = PLACES | {"network", "weights"}  # those of the nets of Frechet distances
_OF_OWN_DATA = ("path", "table")
VALIDATIONS, TRAINING = "validations.json", "training.json"  # the curves of losses: for each tag steps and values
_OF_INFO = ("started", "revision", "versions", "device", "threads", "seed", "model", "sweep", "completed", "resumed")
_OF_RESUMING = ("step", "at", "revision", "versions", "device", "threads")


def keep(run: Path, place: Path) -> None:
    """Write the small files of a run to a folder of its name in `place`, once all of them are read.

    Raises `UserError` for a run with a damaged file, and where the run itself or a link lies there.
    """
    kept = place / run.name
    if os.path.lexists(kept) and (not is_own_folder(kept) or kept.resolve() == run.resolve()):
        raise UserError(f"{kept}: not a folder of kept results; name another with --out")
    text = read_text(run / CONFIG)
    config = load_yaml(text, str(run / CONFIG))
    here = without_disks(config)
    info = _chosen(read_info(run), _OF_INFO)
    resumed = info.pop("resumed", None)
    if isinstance(resumed, list):
        info["resumed"] = [_chosen(each, _OF_RESUMING) for each in resumed if isinstance(each, Mapping)]
    if "completed" not in info:  # how far it came, which its checkpoints say
        info["step"] = summarise(run).step
    tables: dict[str, Any] = {path.name: measured(read_json_table(path)) for path in sorted(run.glob("*.json"))}
    curves = read_curves(run)
    for name, ending in ((VALIDATIONS, "loss/val"), (TRAINING, "loss/train")):
        losses = {tag: curve for tag, curve in curves.items() if tag.endswith(ending)}
        if losses:
            tables[name] = {tag: [list(curve), list(curve.values())] for tag, curve in losses.items()}
    make_folder(kept)
    write_text(kept / CONFIG, text if here == config else dump_yaml(here))
    write_text(kept / INFO, dump_yaml(info))
    for name, table in tables.items():
        write_json(kept / name, table)


def _chosen(entries: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    return {name: entries[name] for name in names if name in entries}


def without_disks(tree: Any) -> Any:
    """A config without places on a disk: keys that only say where something is go, of others the last part stays."""
    if isinstance(tree, Mapping):
        stays = {
            key: value
            for key, value in tree.items()
            if key not in _PLACES or value is None or isinstance(value, Mapping)
        }
        return {
            key: _last_part(value) if key in _OF_OWN_DATA and isinstance(value, str) else without_disks(value)
            for key, value in stays.items()
        }
    if isinstance(tree, list):
        return [without_disks(value) for value in tree]
    return _last_part(tree) if isinstance(tree, str) and tree.startswith(("/", "~", "file:")) else tree


def _last_part(place: str) -> str:
    return Path(place).name


def measured(results: Mapping[str, Any]) -> dict[str, Any]:
    """Results without what only says why something was not measured, which names files of the machine."""
    return {
        name: value for name, value in results.items() if not (isinstance(value, Mapping) and list(value) == ["notes"])
    }


def main() -> None:
    """Keep the results of runs as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", type=Path, help="a folder of runs")
    add_choice_of_runs(parser)
    parser.add_argument("--out", type=Path, required=True, help="where to")
    arguments = parser.parse_args()
    try:
        runs, notes = runs_to_compare(
            "all", arguments.runs, where=arguments.where, unfinished=arguments.unfinished == "yes"
        )
    except UserError as error:
        parser.error(str(error))
    failed = []
    for run in runs:
        try:
            keep(run.summary.path, arguments.out)
        except (UserError, OSError, UnicodeDecodeError) as error:
            failed.append(f"{run.summary.name}: not kept: {error}")
    for note in [*notes, *failed]:
        print(f"note: {printable(note)}")
    print(f"results of {len(runs) - len(failed)} runs in {arguments.out}")
    if failed:
        parser.exit(2, f"error: {len(failed)} of {len(runs)} runs were not kept\n")


if __name__ == "__main__":
    main()
