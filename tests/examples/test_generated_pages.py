"""Pages that scripts write are what the scripts would write now."""

import pkgutil
import re
import runpy

from maskwright import patterns
from maskwright.presets import presets
from tests.examples.markdown import ROOT


def test_the_configuration_page_is_up_to_date():
    script = runpy.run_path(str(ROOT / "scripts" / "config_reference.py"))
    written = (ROOT / "docs" / "configuration.md").read_text("utf-8")
    assert written == script["page"](), "run make pages"


def test_every_key_has_a_meaning():
    written = (ROOT / "docs" / "configuration.md").read_text("utf-8")
    keys = [line for line in written.splitlines() if line.startswith("| `") and line.count(" | ") == 3]
    assert len(keys) > 40
    assert [line for line in keys if line.endswith("|  |")] == []


def test_the_page_of_papers_is_up_to_date():
    script = runpy.run_path(str(ROOT / "scripts" / "papers.py"))
    written = (ROOT / "docs" / "papers.md").read_text("utf-8")
    assert written == script["page"](), "run make pages"
    for name in presets():
        assert f'`mw.preset("{name}")`' in written
    for named in re.findall(r"`(maskwright\.[a-zA-Z_.]+)", script["PARTS"]):
        assert pkgutil.resolve_name(named)


def test_the_gallery_shows_every_pattern():
    script = runpy.run_path(str(ROOT / "scripts" / "gallery.py"))
    assert (ROOT / "docs" / "gallery.md").read_text("utf-8") == script["page"](), "run make pages"
    for name in patterns.names():
        picture = ROOT / "docs" / "img" / "gallery" / f"{name}.png"
        assert picture.is_file(), f"there is no picture of {name}: run make pages"
        assert picture.stat().st_size > 1000
