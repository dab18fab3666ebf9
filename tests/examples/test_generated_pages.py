"""Pages that scripts write are what the scripts would write now."""

import runpy

from tests.examples.markdown import ROOT


def test_the_configuration_page_is_up_to_date():
    script = runpy.run_path(str(ROOT / "scripts" / "config_reference.py"))
    written = (ROOT / "docs" / "configuration.md").read_text("utf-8")
    assert written == script["page"](), "run python scripts/config_reference.py"


def test_every_key_has_a_meaning():
    written = (ROOT / "docs" / "configuration.md").read_text("utf-8")
    keys = [line for line in written.splitlines() if line.startswith("| `") and line.count(" | ") == 3]
    assert len(keys) > 40
    assert [line for line in keys if line.endswith("|  |")] == []
