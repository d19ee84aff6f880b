"""The data folder of a test, and the generated set that all of them share."""

import pytest

from omnilearn.data.shapes import Shapes


@pytest.fixture(scope="session")
def shapes_root(tmp_path_factory):
    """A data folder where the views of the generated set are drawn already."""
    root = tmp_path_factory.mktemp("shapes")
    Shapes(root)
    return root


@pytest.fixture(scope="session")
def shapes(shapes_root) -> Shapes:
    """The generated set."""
    return Shapes(shapes_root)


@pytest.fixture(autouse=True)
def data_root(tmp_path, monkeypatch):
    """The data folder of a test."""
    root = tmp_path / "local_data"
    monkeypatch.setenv("OMNILEARN_DATA_DIR", str(root))
    monkeypatch.delenv("OMNILEARN_SOURCES", raising=False)
    return root
