"""What a page owes to those who do not see it, or see it on paper or on a telephone."""

import re
from itertools import pairwise
from pathlib import Path

import pytest

from maskwright.report import build
from maskwright.report.build import render
from tests.report.outline import parse

CSS = (Path(build.__file__).parent / "style.css").read_text("utf-8")

ON_PAPER = [("--ink", 4.5), ("--muted", 4.5), ("--model", 4.5), ("--twin", 4.5)]
SIGNS = [("--problem", 4.5), ("--caution", 4.5), ("--passed", 4.5)]


@pytest.fixture(params=[{}, {"twin": False}, {"seeds": 2}], ids=str)
def outline(request, make_full_document):
    return parse(render(make_full_document(**request.param)))


def colours(scheme):
    """Name -> (red, green, blue), 0 to 1, of a scheme: the first, second or third block of variables."""
    block = re.findall(r":root\{(.*?)\}", CSS, re.DOTALL)[scheme]
    digits = {name: value.lstrip("#") for name, value in re.findall(r"(--[\w-]+):(#\w+)", block)}
    wide = {name: value if len(value) == 6 else "".join(2 * one for one in value) for name, value in digits.items()}
    return {name: [int(value[i : i + 2], 16) / 255 for i in (0, 2, 4)] for name, value in wide.items()}


def luminance(colour):
    linear = [one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in colour]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    """As WCAG 2 defines it, 1 to 21."""
    dark, light = sorted([luminance(one), luminance(other)])
    return (light + 0.05) / (dark + 0.05)


def over(colour, ground, share):
    return [share * one + (1 - share) * two for one, two in zip(colour, ground, strict=True)]


def test_contrast_is_computed_right():
    assert contrast([0, 0, 0], [1, 1, 1]) == pytest.approx(21)
    assert contrast([0x77 / 255] * 3, [1, 1, 1]) == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("scheme", [0, 1, 2], ids=["light", "dark", "print"])
def test_text_can_be_read_on_every_ground(scheme):
    known = colours(scheme) | {} if scheme != 2 else colours(0) | colours(2)
    grounds = [(name, known[name]) for name in ("--page", "--paper")]
    pairs = [(text, ground, known[ground]) for text, _ in ON_PAPER for ground in ("--page", "--paper", "--twin-soft")]
    pairs += [(text, name, ground) for text, _ in SIGNS for name, ground in grounds]
    pairs += [("--muted", "--hidden", known["--hidden"])]
    share = float(re.findall(r"calc\(var\(--share\)\*(\d+)%\)", CSS)[0]) / 100
    pairs += [("--ink", f"{tint} heat", over(known[tint], known["--paper"], share)) for tint in ("--model", "--twin")]
    low = {(text, name): contrast(known[text], ground) for text, name, ground in pairs}
    assert {pair: round(value, 2) for pair, value in low.items() if value < 4.5} == {}


def test_headers_of_tables_have_a_scope_and_say_something(outline):
    headers = [element for element in outline.elements if element.tag == "th"]
    assert headers
    assert [one for one in headers if one.attributes.get("scope") not in ("col", "row", "rowgroup")] == []
    assert [one for one in headers if not one.text.strip()] == []


def test_tables_have_a_caption_of_their_own_and_can_be_scrolled_by_keyboard(outline):
    captions = [element.text for element in outline.elements if element.tag == "caption"]
    assert len(captions) == sum(element.tag == "table" for element in outline.elements)
    assert all(caption.strip() for caption in captions)
    regions = [
        one for one in outline.elements if "scroll" in one.attributes.get("class", "").split() or one.tag == "pre"
    ]
    names = [one.attributes["aria-label"] for one in regions]
    assert len(set(names)) == len(names)
    assert {(one.attributes["tabindex"], one.attributes["role"]) for one in regions} == {("0", "region")}


def test_headings_have_ids_and_skip_no_level(outline):
    found = [element for element in outline.elements if re.fullmatch(r"h\d", element.tag)]
    assert [one for one in found if not one.attributes.get("id")] == []
    levels = [int(one.tag[1]) for one in found]
    assert levels[0] == 1
    assert max(after - before for before, after in pairwise(levels)) <= 1


def test_links_lead_to_a_heading_and_every_section_is_in_the_contents(outline):
    targets = {one.attributes["href"].lstrip("#") for one in outline.elements if one.tag == "a"}
    sections = {one.attributes["id"] for one in outline.elements if one.tag == "h2"}
    assert targets == sections - {"findings"}
    assert len(outline.ids) == len(set(outline.ids))


def test_the_title_names_model_and_run(make_full_document):
    assert "<title>0, &lt;b&gt;model&lt;/b&gt;: maskwright report</title>" in render(make_full_document())
    assert "<title>0 and 2 more, &lt;b&gt;model" in render(make_full_document(seeds=3))


def test_examples_are_filtered_without_a_script(make_full_document, make_document):
    page = render(make_full_document())
    assert "<script" not in page
    assert page.count("<select") == 2
    assert 'body:has(#by-kind option[value="3"]:checked) .example:not([data-kind="3"])' in page
    assert '<article class="example" data-kind="2" data-label="2">' in page
    assert "<select" not in render(make_document()), "where there is but one of a kind there is nothing to choose"


def test_what_is_folded_up_is_open_in_print():
    printed = CSS[CSS.rindex("@media print") :]
    assert "details::details-content{content-visibility:visible;height:auto}" in printed
    assert ".figures,.matrices{grid-template-columns:1fr 1fr" in printed


def test_worst_groups_of_every_variant(make_document):
    document = make_document()
    worst = document["groups"]["worst"]
    document["groups"]["worst_of_variants"] = [{"variant": name, **worst} for name in ("original", "removed")]
    page = render(document)
    assert "worst group of original" in page
    assert "worst group of removed" in page


def test_training_of_which_nothing_is_left_has_no_section(make_document):
    document = {**make_document(), "training": {"model": None, "twin": None}}
    assert 'id="training"' not in render(document)


def test_training_is_drawn_and_counted(make_full_document):
    page = render(make_full_document())
    assert page.count('aria-label="accuracy on the validation split against the training step"') == 1
    cells = '<td class="n">40</td><td class="n">70.0%</td><td class="n">20</td><td>no</td>'
    assert f'<th scope="row" class="twin">twin</th>{cells}' in page
