"""Looking at runs starts at once: nothing of it needs torch."""

import subprocess
import sys

from tests.conftest import ROOT

CODE = """
import sys, omnifig
omnifig.switch_project(sys.argv[1])
omnifig.initialize()
omnifig.main(["runs", "--saveroot", sys.argv[2]])
assert "torch" not in sys.modules
"""


def test_the_list_of_runs_does_without_torch(runs):
    (runs / "one").mkdir(parents=True)
    (runs / "one" / "config.yaml").write_text("budget: 3\ndataset: {_type: random-net}\n")
    words = [sys.executable, "-c", CODE, str(ROOT), str(runs)]
    found = subprocess.run(words, capture_output=True, text=True, check=False, cwd=ROOT)
    assert found.returncode == 0, found.stderr
    assert "one" in found.stdout
