"""The page in a real browser: axe-core finds nothing, nothing sticks out, and what is folded up is open in print.

Needs Chromium in PATH, and axe-core: `npm install axe-core` in the root of the project or with --global, or the path of
axe.min.js in AXE_CORE.
"""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from maskwright.report.build import render
from tests.report.browser import Browser, chromium

pytestmark = pytest.mark.slow

WIDTHS = (390, 800, 1200)
ROOT = Path(__file__).parents[2]
SCRIPT = Path("axe-core", "axe.min.js")


def axe_core():
    """The path of axe.min.js; None if it is not installed."""
    places = [Path(os.environ["AXE_CORE"])] if os.environ.get("AXE_CORE") else [ROOT / "node_modules" / SCRIPT]
    if shutil.which("npm"):
        root = subprocess.run(["npm", "root", "--global"], capture_output=True, text=True, check=False).stdout.strip()
        places.append(Path(root) / SCRIPT)
    return next((place for place in places if place.is_file()), None)


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    if chromium() is None:
        pytest.skip("Chromium is not in PATH: the page was not looked at in a browser. Install chromium.")
    browser = Browser(tmp_path_factory.mktemp("profile"))
    yield browser
    browser.close()


@pytest.fixture(params=[{}, {"twin": False}, {"seeds": 3}], ids=str)
def page(request, make_full_document, tmp_path):
    path = tmp_path / "report.html"
    path.write_text(render(make_full_document(**request.param)), encoding="utf-8")
    return path


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
def test_axe_finds_nothing(browser, page, width, scheme):
    script = axe_core()
    if script is None:
        pytest.skip("axe-core is not installed: npm install axe-core, or AXE_CORE=path/to/axe.min.js.")
    browser.show(page, width, scheme=scheme)
    browser.run("document.querySelectorAll('details').forEach(one => one.open = true)")
    browser.run(script.read_text(encoding="utf-8") + ";0")
    violations = json.loads(browser.run("axe.run().then(found => JSON.stringify(found.violations))"))
    assert [(one["id"], [node["html"] for node in one["nodes"]]) for one in violations] == []


@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_sticks_out(browser, page, width):
    browser.show(page, width)
    browser.run("document.querySelectorAll('details').forEach(one => one.open = true)")
    assert browser.run("document.documentElement.scrollWidth") == width


def test_what_is_folded_up_is_open_on_paper(browser, page):
    browser.show(page, 800)
    inside = "document.querySelector('details pre').getClientRects().length && "
    height = inside + "document.querySelector('details pre').checkVisibility({contentVisibilityAuto: true})"
    assert not browser.run(height)
    browser.show(page, 800, media="print")
    assert browser.run(height)
    assert browser.printed().startswith(b"%PDF")


def test_examples_of_a_kind_alone_are_shown(browser, page):
    browser.show(page, 800)
    shown = "[...document.querySelectorAll('.example')].filter(one => one.checkVisibility()).length"
    assert browser.run(shown) == 3
    browser.run("document.querySelector('#by-kind').value = '2'")
    assert browser.run(shown) == 1
