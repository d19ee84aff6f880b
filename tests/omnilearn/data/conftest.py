"""The data folder of a test, and the generated set that all of them share."""

import socket
import threading

import pytest

from omnilearn.data.shapes.dataset import Shapes
from tests.omnilearn.data.server import Server


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


@pytest.fixture
def server(only_this_machine):
    """A running server."""
    with Server() as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield running
        running.shutdown()
        thread.join()


@pytest.fixture
def only_this_machine(monkeypatch):
    """Nothing here may reach another machine."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    connect = socket.socket.connect

    def checked(self, address):
        assert address[0] == "127.0.0.1", f"a connection to {address}"
        return connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", checked)
