"""`fig report`: what is on the page, what is told, and that no text of a run becomes code."""

import base64
import hashlib
import html
import re

import pytest
import yaml

from omnilearn.errors import UserError
from omnilearn.files import write_json
from sae_src.report import packages
from tests.sae_src.report.pages import Page, without_time

pytestmark = pytest.mark.slow

EVIL = "</script><script>alert(1)</script><!-- <img src=x onerror=alert(2)> ' \" & {{ 7 * 6 }}"


def test_a_page_holds_tables_pictures_and_what_the_explorer_shows(runs_here, report, capsys):
    text = report()
    page = Page(text)
    assert "note: " not in capsys.readouterr().out
    data = page.data("data")
    assert [run["name"] for run in data["runs"]] == ["sae_0", "sae_1", "vae_0", "vectors"]
    assert data["sections"] == ["shapes", "vec"]
    assert data["factors"][0] == ["floor_hue", "wall_hue", "object_hue", "scale", "shape", "orientation"]
    assert list(data["runs"][0]["curves"]) == ["loss/train", "rec-loss/train"]
    images = [found["alt"] for tag, found in page.attributes if tag == "img"]
    assert "Hybrids of sae_0" in images and "Samples from the prior of vae_0" in images
    assert "Samples from the prior of sae_0" not in images
    look = page.data("look-0")
    assert len(look["strips"]) == 2 and len(look["values"][0]) == len(look["matrix"]) == 12
    assert look["strips"][0].startswith("data:image/webp;base64,")
    vector = page.data("look-3")
    assert vector["kind"] == "vectors" and len(vector["strips"][0][0][0]) == 100
    assert re.search(r'class="mean">25\.5</span>', text)  # mean of the two seeds
    assert "±" in text and "[-38.03, 89.03]" in text
    assert not re.search(r"<(?:script|link|img)[^>]*(?:src|href)=.?https?:", text)


def test_any_run_of_a_row_tells_its_chance_level(runs_here, report):
    made_by = {"step": 4, "settings": {}, "chance": {"MIG": {"discrete_mig": 0.03125}}}
    write_json(runs_here / "sae_1" / "metrics.json", {"scores": {"MIG": {"discrete_mig": 0.5}}, **made_by})
    assert re.search(r'"numeric">0\.03125 <span class="spread">12 codes', report(runs="sae_*"))


def test_equal_runs_give_an_equal_page(runs_here, report):
    assert without_time(report(runs="sae_0")) == without_time(report(runs="sae_0"))


def test_no_text_of_a_run_becomes_code(runs_here, report):
    evil = runs_here / "<script>alert(0)<b>&'\""
    (runs_here / "sae_1").rename(evil)
    config = yaml.safe_load((evil / "config.yaml").read_text())
    config |= {"labels": {"model": EVIL, "sweep": EVIL}, "remark": EVIL}
    (evil / "config.yaml").write_text(yaml.safe_dump(config))
    info = yaml.safe_load((evil / "info.yaml").read_text())
    (evil / "info.yaml").write_text(yaml.safe_dump(info | {"command": EVIL, "device": EVIL}))
    scores = {EVIL: 1.5, "rec_loss": 2.5}
    write_json(evil / "test_results.json", {"scores": scores, "mode": "test", "versions": {"scikit-learn": EVIL}})
    text = report()
    page = Page(text)
    runs = page.data("data")["runs"]
    assert [run["model"] for run in runs].count(EVIL) == 1
    assert len(page.texts) == 1 + 2 + 4  # data, sections, runs
    assert page.count("script") == 7 + 2
    assert page.count("b") == 0
    assert "<img src=x" not in text and "<script>alert" not in text and "<!-- <img" not in text
    assert "&lt;img src=x" in text and "{{ 7 * 6 }}" in text and "42" not in re.findall(r"&amp; (\S+)", text)
    assert [found for _, found in page.attributes if any(name.startswith("on") for name in found)] == []


def test_only_the_scripts_of_the_page_may_run_and_nothing_is_fetched(runs_here, report):
    text = report(runs="vectors")
    (policy,) = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]*)"', text)
    rules = dict(rule.strip().partition(" ")[::2] for rule in html.unescape(policy).split(";"))
    assert rules["default-src"] == "'none'" and "connect-src" not in rules
    assert "unsafe" not in rules["script-src"]
    scripts = re.findall(r"<script>(.*?)</script>", text, re.DOTALL)
    digests = [base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts]
    assert rules["script-src"] == " ".join(f"'sha256-{digest}'" for digest in digests)


def test_what_is_left_out_is_told(runs_here, report, capsys):
    (runs_here / "sae_0" / "config.yaml").write_text("[")
    config = (runs_here / "sae_1" / "config.yaml").read_text()
    (runs_here / "sae_1" / "config.yaml").write_text(config.replace("budget: 4", "budget: 5"))
    (runs_here / "vae_0" / "test_results.json").unlink()
    weights = runs_here / "vectors" / "ckpt2" / "model.pth.tar"
    weights.write_bytes(weights.read_bytes()[:100])
    (runs_here / "vae_0" / "ckpt4" / "model.pth.tar").write_bytes(b"")
    text = report()
    out = capsys.readouterr().out
    assert "note: sae_0: left out, damaged: " in out
    assert "note: sae_1: left out, interrupted at 4 of 5 steps (--unfinished yes)" in out
    assert "note: vae_0: it has no results yet" in out
    assert "note: vectors: without pictures: " in out and "note: vae_0: without pictures: " in out
    assert "No pictures: " in text
    assert [run["name"] for run in Page(text).data("data")["runs"]] == ["vae_0", "vectors"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("--runs none_*", "no run under"),
        ("--runs []", "which runs?"),
        ("--runs vectors --where seed=7", "no run is left to report"),
        ("--runs vectors --scores mig", "scores: no run has 'mig"),
        ("--runs vectors --steps 2", "steps must be from 3"),
        ("--runs vectors --observations 0", "observations must be from 1"),
        ("--runs vectors --out page.txt", "must end with .html"),
        ("--runs vectors --out nowhere/page.html", "there is no folder nowhere"),
        ("--runs vectors --by colour", "'colour' is no setting"),
    ],
)
def test_a_mistake_is_one_line(runs_here, fig, words, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError) as raised:
        fig(f"report {words}")
    assert message in str(raised.value) and "\n" not in str(raised.value)
    assert list(tmp_path.glob("*.html")) == []


def test_a_file_that_is_there_is_replaced_only_when_asked(runs_here, fig, tmp_path):
    out = tmp_path / "page.html"
    out.write_text("mine")
    with pytest.raises(UserError, match=r"is there already \(--overwrite yes replaces it\)"):
        fig(f"report --runs vectors --out {out}")
    assert out.read_text() == "mine"
    fig(f"report --runs vectors --out {out} --overwrite yes --observations 1 --steps 3")
    assert out.read_text().startswith("<!DOCTYPE html>")


def test_without_the_extra_one_line_says_how_to_get_it(runs_here, fig, monkeypatch):
    monkeypatch.setattr(packages, "PACKAGES", ("jinja2", "no_such_package"))
    with pytest.raises(UserError, match=r"report needs no_such_package: pip install no_such_package"):
        fig("report --runs vectors")
