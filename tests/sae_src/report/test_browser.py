"""A page in a browser: tables, charts, the explorer; nothing in it executes that is not its own."""

import shutil
from pathlib import Path

import omnifig
import pytest
import yaml

from sae_src.report import command
from tests.sae_src.report.test_report import EVIL

selenium = pytest.importorskip("selenium.webdriver", reason="selenium drives the browser")
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
DRIVER = shutil.which("chromedriver")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None or DRIVER is None, reason="needs chromium and chromedriver"),
]
NOTES_ALERTS = "window.alerts = []; window.alert = (text) => window.alerts.push(text);"


@pytest.fixture(scope="module")
def browser():
    from selenium.webdriver.chrome.options import Options
    from selenium.webdriver.chrome.service import Service

    options = Options()
    options.binary_location = CHROMIUM
    for word in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"):
        options.add_argument(word)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = selenium.Chrome(options=options, service=Service(DRIVER))
    driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": NOTES_ALERTS})
    yield driver
    driver.quit()


@pytest.fixture(scope="module")
def page(trained, tmp_path_factory) -> Path:
    """A page of all runs, one of them with names that would be code, and a factor of such a name."""
    folder = tmp_path_factory.mktemp("page")
    shutil.copytree(trained, folder / "runs")
    evil = folder / "runs" / "<script>alert(0)<b>"
    (folder / "runs" / "sae_1").rename(evil)
    config = evil / "config.yaml"
    config.write_text(yaml.safe_dump(yaml.safe_load(config.read_text()) | {"labels": {"model": EVIL}, "remark": EVIL}))
    collect = command.collect

    def with_evil_factor(*args, **kwargs):
        contents = collect(*args, **kwargs)
        contents.sections[0].look["factors"][0]["name"] = EVIL
        return contents

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(command, "collect", with_evil_factor)
        out = folder / "report.html"
        words = f"--runs all --steps 5 --observations 2 --saveroot {folder / 'runs'} --out {out}"
        omnifig.main(["report", *words.split()])
    return out


@pytest.fixture
def opened(browser, page):
    """The page, freshly opened; at the end nothing has executed and the console is empty."""
    browser.set_window_size(1400, 900)
    browser.get("about:blank")
    browser.get(page.as_uri())
    yield browser
    assert browser.execute_script("return window.alerts") == []
    assert browser.get_log("browser") == []


def go(browser, view: str) -> None:
    browser.execute_script("location.hash = arguments[0]", view)
    browser.execute_async_script("const done = arguments[0]; requestAnimationFrame(() => setTimeout(done, 150))")


def texts(browser, selector: str) -> list[str]:
    """The texts of the elements that are shown."""
    shown = "[...document.querySelectorAll(arguments[0])].filter((e) => e.getClientRects().length)"
    return browser.execute_script(f"return {shown}.map((e) => e.textContent)", selector)


def put(browser, selector: str, value) -> None:
    """Set an input as a user does, and let what follows happen."""
    browser.execute_script(
        "const e = document.querySelector(arguments[0]); e.value = arguments[1]; e.dispatchEvent(new Event('input'));",
        selector,
        value,
    )
    browser.execute_async_script("const done = arguments[0]; setTimeout(done, 150)")


def test_a_table_is_sorted_and_filtered(opened):
    rows = "[data-section='0'] table.runs tbody tr"
    head = opened.find_elements("css selector", "[data-section='0'] table.runs thead button")[-1]
    head.click()
    losses = [float(text) for text in texts(opened, f"{rows} td:last-child")]
    assert losses == [9.5, 20.5, 30.5]
    head.click()
    assert [float(text) for text in texts(opened, f"{rows} td:last-child")] == losses[::-1]
    opened.find_element("css selector", "[data-section='0'] .filter input").send_keys("VAE 9.5")
    assert texts(opened, f"{rows} a") == ["vae_0"]
    assert texts(opened, "[data-section='0'] .count")[-1] == "(1 of 3)"


def test_a_run_is_opened_by_its_name_and_shows_its_charts(opened):
    opened.find_element("link text", "sae_0").click()
    go(opened, opened.execute_script("return location.hash.slice(1)"))
    assert texts(opened, "h1") == ["sae_0"]
    assert opened.execute_script("return document.activeElement.textContent") == "sae_0"
    assert opened.execute_script("return document.querySelectorAll('.view:not([hidden]) .main-svg').length") >= 6
    shown = opened.execute_script(
        "return [...document.querySelectorAll('.view:not([hidden]) img')].map((e) => [e.naturalWidth, e.offsetWidth])"
    )
    assert len(shown) == 2 and all(width > 100 and natural > 100 for natural, width in shown)


def test_curves_of_several_runs_are_in_one_chart(opened):
    go(opened, "curves")
    names = texts(opened, "#curve-chart .legendtext")
    assert names == ["<script>alert(0)<b>", "sae_0", "vae_0"]  # the vectors have one record, which is no curve
    put(opened, "#curve-filter", "vae")
    assert opened.execute_script("return byId('curve-chart').data.length") == 1


def picture_of(browser, panel: int) -> str:
    return browser.execute_script(
        "return document.querySelectorAll(`#panel-${arguments[0]} .images canvas`)[2].toDataURL()", panel
    )


def test_a_moved_slider_shows_another_image_and_the_responses(opened):
    go(opened, "explorer")
    other = picture_of(opened, 1)
    before = picture_of(opened, 0)
    put(opened, "#panel-0 .latents .axis-row:nth-child(3) input", 4)
    moved = picture_of(opened, 0)
    home = opened.execute_script("return explorer.panels[0].homeOf('latent', 2)")
    assert moved != before or home == 4
    put(opened, "#panel-0 .latents .axis-row:nth-child(3) input", 0)
    assert picture_of(opened, 0) != moved
    assert picture_of(opened, 1) == other
    assert texts(opened, "#panel-0 .says")[0].startswith("Latent 2 from ")
    sizes = opened.execute_script(
        "return [...document.querySelectorAll('#panel-0 .size')].map((e) => Number(e.textContent))"
    )
    expected = opened.execute_script("return lookOf('look-' + explorer.panels[0].run).responses[0][2][0]")
    assert sizes == pytest.approx(expected, abs=0.006)
    put(opened, "#panel-0 .factor-row input", 0)
    assert texts(opened, "#panel-0 .says")[0].startswith("Factor ")
    opened.find_elements("css selector", ".thumbnails button")[1].click()
    put(opened, "#panel-0 .latents .axis-row:nth-child(3) input", 0)
    assert picture_of(opened, 0) != moved


def test_sliders_are_moved_by_keys(opened):
    go(opened, "explorer")
    slider = opened.find_element("css selector", "#panel-0 .latents input")
    slider.send_keys("\ue011")  # Home
    slider.send_keys("\ue014")  # right
    assert slider.get_attribute("value") == "1"
    assert slider.get_attribute("aria-valuetext") == texts(opened, "#panel-0 .latents output")[0]


def test_vectors_are_drawn_as_curves(opened):
    go(opened, "explorer-3")
    assert len(opened.find_elements("css selector", "#panel-0 .vector path")) == 2
    put(opened, "#panel-0 .latents input", 0)
    assert len(opened.find_elements("css selector", "#panel-0 .vector path")) == 3


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 820, 1400])
def test_every_view_fits_on_every_screen(opened, width, scheme):
    size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500}
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    opened.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    opened.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    try:
        for view in ("table", "curves", "explorer", "run-0", "run-1", "run-3"):
            go(opened, view)
            assert opened.execute_script("return document.documentElement.scrollWidth") <= width, view
        ground = opened.execute_script("return getComputedStyle(document.body).backgroundColor")
        assert (int(ground[4:].split(",")[0]) < 100) == (scheme == "dark")
    finally:
        opened.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
        opened.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
