"""Help: plain text, every config with what it is for, under its folder."""

import re
import subprocess
import sys

from omnilearn.config.help import summary
from tests.conftest import ROOT


def printed(*words: str) -> str:
    run = subprocess.run([sys.executable, str(ROOT / "main.py"), *words], capture_output=True, text=True, check=True)
    assert run.stderr == ""
    return run.stdout


def test_the_overview_lists_scripts_and_configs_by_folder():
    text = printed("-h")
    assert text.isprintable() or "\x1b" not in text
    lines = text.splitlines()
    what = "Vectors from a random network: 8 normal variables through an MLP to 100 values. "
    assert re.search(f"^  d/vec +{re.escape(what)}", text, re.MULTILINE)
    assert lines.index("Configs in a/d/strc/") < lines.index("Configs in d/")
    order = [line.split()[0] for line in lines if line.startswith("  a/d/strc/")]
    assert order == [f"a/d/strc/{count}" for count in (2, 3, 4, 6, 12, 16)]
    assert not any(line.strip().startswith(("a/_base", "a/d/strc/_style")) for line in lines)


def test_every_shipped_config_says_what_it_is_for():
    for path in (ROOT / "config").rglob("*.yaml"):
        assert summary(path), path


def test_the_help_of_a_script_is_its_own():
    assert printed("eval", "-h").startswith("fig eval: Evaluate a trained run")
    assert printed("eval", "--load", "x", "--help") == printed("eval", "-h")
