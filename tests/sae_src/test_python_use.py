"""The package from Python, in a process that has done nothing else before."""

import subprocess
import sys

import pytest

from tests.conftest import ROOT

CODE = """
import logging
import sae_src as sae
model = sae.build_model("hybrid", "a/e/conv12", "a/d/strc/12", "m/ae", "d/vec", shape=(100,))
print(type(model).__name__, sum(parameter.numel() for parameter in model.parameters()))
logging.getLogger("somewhere").warning("%s: %s", "FID", "not measured")
"""


@pytest.mark.slow
def test_a_model_can_be_the_first_thing_that_is_asked_for(tmp_path):
    result = subprocess.run(
        [sys.executable, "-c", CODE],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT)},
        timeout=120,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    assert "WARNING: FID: not measured" in result.stderr
    name, count = result.stdout.split()
    assert name.endswith("Autoencoder") and int(count) > 0
