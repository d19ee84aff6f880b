"""Every config that ships loads, and every component that it names is registered."""

import pytest

import sae_src as sae
from omnilearn.config.components import component_of
from tests.conftest import ROOT

CONFIGS = sorted(path.relative_to(ROOT / "config").with_suffix("").as_posix() for path in ROOT.glob("config/**/*.yaml"))


def tables(node):
    if not node.has_payload:
        yield node
        for _, child in node.named_children():
            yield from tables(child)


@pytest.mark.parametrize("name", CONFIGS)
def test_every_config_loads_and_names_known_components(name):
    # On top of complete ones, so that references between configs lead somewhere.
    around = [other for other in ("a/conv12", "m/ae", "d/vec") if other != name]
    try:
        config = sae.create_config(name, *around)
    except ValueError:
        config = sae.create_config(name)  # builds on one of them itself
    for table in tables(config):
        component_of(table)


def test_registered_names_are_documented():
    project = sae.create_config().project
    for kind in ("component", "modifier"):
        for entry in project.iterate_artifacts(kind):
            assert entry.cls.__doc__, entry.name
