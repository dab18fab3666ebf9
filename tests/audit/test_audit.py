"""Auditing our maskings and other people's code: subjects, documents, pages."""

import json
import sys

import numpy as np
import pytest

import maskwright as mw
from maskwright.audit import audit, foreign_subject, masking_subject, preset_subject, write_page
from maskwright.audit.terminal import show, sparkline
from maskwright.errors import ConfigError
from maskwright.presets import presets
from maskwright.testing import COLLATOR_CHECKS, array_subject
from maskwright.testing.synthetic import synthetic_tokenizer, token_examples

CHEAP = ("ratio", "positions", "exact_count", "special_tokens", "whole_words", "rest_untouched", "labels", "repeats")
TEXTS = token_examples(np.random.default_rng(3).integers(20, 40, 120))
MODULE = """
import numpy as np
class Masks:
    def __init__(self, tokenizer, share=0.2, broken=False):
        self.tokenizer, self.share, self.broken = tokenizer, share, broken
        self.mask_prob = share
    def __call__(self, features):
        if self.broken:
            raise KeyError("nothing here")
        ids = np.array([f["input_ids"] for f in features])
        rng = np.random.default_rng(ids[:, 1:3].sum())
        mask = (rng.random(ids.shape) < self.share) & (ids > 3)
        return np.where(mask, 4, ids), np.where(mask, ids, -100)
def half(x):
    return np.random.rand(*x.shape) < 0.5
def arrays_only(x):
    return x * 0 if isinstance(x, np.ndarray) else x.nonsense
def numbers(x):
    return 3
instance = Masks(None)
number = 3
"""


@pytest.fixture
def module(tmp_path, monkeypatch):
    """An importable module of masking code."""
    (tmp_path / "audited_here.py").write_text(MODULE)
    (tmp_path / "audited_badly.py").write_text("1 / 0")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield
    sys.modules.pop("audited_here", None)


def verdicts(subject, only=CHEAP):
    document = audit(subject, target="x", only=only)
    return {check["name"]: check["verdict"] for check in document["checks"]}


@pytest.mark.parametrize("unit", ["token", "word", "type"])
@pytest.mark.parametrize("fill", ["mask-token", "drop", "random-token"])
def test_our_maskings_on_texts(unit, fill):
    masking = mw.Masking.from_dict({"pattern": "iid", "budget": 0.3, "fill": fill, "unit": unit})
    found = verdicts(masking_subject(masking, TEXTS, synthetic_tokenizer()))
    assert "fail" not in found.values()
    assert found["ratio"] == found["exact_count"] == "pass"
    assert found["whole_words"] == ("not applicable" if unit == "token" else "pass")


def test_what_is_asked_for_is_read_off_the_masking():
    def asked(**node):
        subject = masking_subject(mw.Masking.from_dict({"pattern": "iid", "fill": "mask-token", **node}), TEXTS)
        return subject.ratio, subject.fixed_ratio

    assert asked(budget=0.3) == (pytest.approx(0.3, abs=1e-5), True)
    assert asked(budget={"uniform": [0.0, 0.8]}) == (pytest.approx(0.4, abs=0.002), False)
    assert asked(budget={"bernoulli": 0.2}) == (0.2, True)
    assert asked(budget={"count": 3}) == (None, True)
    assert asked(budget=0.4, clean_share=0.5) == (pytest.approx(0.2, abs=1e-5), False)


def test_a_probability_per_unit_is_no_count():
    masking = mw.Masking.from_dict({"pattern": "iid", "budget": {"bernoulli": 0.3}, "fill": "mask-token"})
    found = verdicts(masking_subject(masking, TEXTS, synthetic_tokenizer()))
    assert (found["ratio"], found["exact_count"]) == ("pass", "not applicable")


def test_what_a_pattern_declares_is_not_held_against_it():
    masking = mw.Masking.from_dict({"pattern": {"fixed": {"first": 3}}, "budget": None, "fill": "mask-token"})
    document = audit(masking_subject(masking, TEXTS, synthetic_tokenizer()), target="x", only=["positions", "ratio"])
    ratio, positions = document["checks"]
    assert (ratio["verdict"], positions["verdict"]) == ("not applicable", "not applicable")
    assert "declared" in positions["found"]


def test_a_masking_with_a_fault_fails(monkeypatch):
    """The audit looks at what comes out, not at what the code says of itself."""
    right = mw.Iid.__call__

    def wrong(self, grid, count, *, valid, rng):
        mask = right(self, grid, count, valid=valid, rng=rng)
        mask[:, 1:3] = True  # the first two tokens after the special one
        return mask

    monkeypatch.setattr(mw.Iid, "__call__", wrong)
    masking = mw.Masking.from_dict({"pattern": "iid", "budget": 0.3, "fill": "mask-token"})
    found = verdicts(masking_subject(masking, TEXTS, synthetic_tokenizer()))
    assert found["positions"] == found["ratio"] == "fail"


@pytest.mark.parametrize("name", ["bert", next(iter(presets()))])
def test_presets(name):
    assert "fail" not in verdicts(preset_subject(name), ("ratio", "repeats", "back_ends")).values()


def test_a_preset_on_a_grid(monkeypatch):
    from maskwright import presets as home
    from maskwright.presets.preset import Preset

    node = {"pattern": "iid", "budget": 0.75, "fill": "mask-token"}
    made = Preset("patches", node, "nobody", "", {"row": 6, "col": 6}, "reconstruct")
    monkeypatch.setattr(home, "presets", lambda: {"patches": made})
    monkeypatch.setattr("maskwright.audit.ours.presets", lambda: {"patches": made})
    found = verdicts(preset_subject("patches"), ())
    assert set(found) == {check.name for check in COLLATOR_CHECKS}
    assert "fail" not in found.values()
    assert found["positions"] == found["exact_count"] == found["workers"] == "pass"


def test_nothing_to_audit():
    with pytest.raises(ConfigError, match="nothing to audit"):
        masking_subject(None)
    with pytest.raises(ConfigError, match="no examples"):
        masking_subject(mw.preset("bert"), [])


@pytest.mark.usefixtures("module")
def test_other_peoples_code():
    subject = foreign_subject("audited_here:Masks", {"share": 0.3})
    assert subject.ratio == 0.3
    found = verdicts(subject, ("ratio", "exact_count", "special_tokens"))
    assert (found["ratio"], found["exact_count"], found["special_tokens"]) == ("pass", "fail", "pass")
    assert foreign_subject("audited_here:half", ratio=0.5).ratio == 0.5
    assert foreign_subject("audited_here:instance").vocabulary is not None
    assert foreign_subject("audited_here:arrays_only").vocabulary is None


@pytest.mark.parametrize(
    ("target", "settings", "message"),
    [
        ("nowhere.at_all:x", {}, "there is no module 'nowhere'"),
        ("audited_badly:x", {}, "raised ZeroDivisionError"),
        ("audited_here:Mask", {}, "Did you mean 'Masks'"),
        ("audited_here:", {}, r"expected package\.module:name"),
        ("audited_here:number", {}, "cannot be called"),
        ("audited_here:Masks", {"shar": 1}, "building it raised TypeError"),
        ("audited_here:instance", {"share": 1}, "it is built already"),
        ("audited_here:Masks", {"broken": True}, "raised KeyError"),
        ("audited_here:numbers", {}, "gave int, expected an array"),
    ],
)
@pytest.mark.usefixtures("module")
def test_what_cannot_be_audited(target, settings, message):
    with pytest.raises(ConfigError, match=message):
        foreign_subject(target, settings)


DOCUMENT = audit(
    array_subject(lambda x: x > 2.7, ratio=0.3), target="<b>x</b>", command="again", only=("ratio", "labels")
)


def test_the_document_is_plain_and_stable():
    document = json.loads(json.dumps(DOCUMENT))
    assert document == DOCUMENT
    assert list(document) == [
        "format",
        "target",
        "examples",
        "asked_ratio",
        "checks",
        "positions",
        "throughput",
        "verdicts",
        "simulated",
    ]
    assert list(document["checks"][0]) == ["name", "group", "asked", "found", "verdict", "numbers", "reproduce"]
    assert document["checks"][0]["reproduce"] == "again --only ratio"
    assert document["verdicts"] == {"pass": 1, "fail": 0, "not applicable": 1}
    assert len(document["positions"]["rate"]) == 64
    assert document["throughput"]["examples_per_second"] > 0


def test_progress_and_unknown_checks():
    told = []
    audit(array_subject(lambda x: x > 2.7), target="x", only=["ratio"], on_progress=lambda *facts: told.append(facts))
    assert [done for _, done, _ in told] == [0, 0, 1]
    with pytest.raises(ConfigError, match="Did you mean 'ratio'"):
        audit(array_subject(lambda x: x > 2.7), target="x", only=["ration"])


def test_pages(tmp_path):
    page = write_page(DOCUMENT, tmp_path / "audit.html").read_text("utf-8")
    assert "&lt;b&gt;x&lt;/b&gt;" in page
    assert "data:image/png;base64," in page
    assert "http" not in page.replace("http-equiv", "")
    assert write_page(DOCUMENT, tmp_path / "audit.png").read_bytes().startswith(b"\x89PNG")
    for name, message in (("audit.pdf", r"\.html or \.png"), ("none/audit.html", "there is no folder")):
        with pytest.raises(ConfigError, match=message):
            write_page(DOCUMENT, tmp_path / name)


@pytest.mark.parametrize("width", [60, 80, 120])
def test_the_terminal(width):
    from rich.console import Console

    out = Console(width=width, record=True, file=open("/dev/null", "w"))  # noqa: SIM115 - the console's
    show(DOCUMENT, out)
    text = out.export_text()
    assert max(map(len, text.splitlines())) <= width
    assert "✓" in text
    assert "1 passed, 0 failed, 1 not applicable" in text
    assert "not applicable: labels (there are no labels)" in " ".join(text.split())
    assert len(sparkline(DOCUMENT["positions"]["rate"], 20)) <= 20
