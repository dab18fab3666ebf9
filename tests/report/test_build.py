import re
from html.parser import HTMLParser

import pytest

from maskwright.report.build import bounds, p_value, render, share, write_report

VOID = {"meta", "br", "link", "img", "input", "hr", "path", "use"}


class Outline(HTMLParser):
    """Collects tags, ids and text, and checks that elements nest."""

    def __init__(self):
        super().__init__()
        self.tags, self.ids, self.open, self.text = [], [], [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self.ids += [value for name, value in attrs if name == "id"]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self.ids += [value for name, value in attrs if name == "id"]

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


def parse(page):
    outline = Outline()
    outline.feed(page)
    assert outline.open == []
    return outline


@pytest.fixture
def page(make_document):
    return render(make_document())


def test_nothing_is_loaded_from_elsewhere(page):
    outline = parse(page)
    assert "http:" not in page
    assert "https:" not in page
    assert "@import" not in page
    assert not {"script", "link", "img", "iframe", "object", "embed"} & {tag for tag, _ in outline.tags}
    for _, attributes in outline.tags:
        assert "src" not in attributes
        assert attributes.get("href", "#").startswith("#")
        assert not [name for name in attributes if name.startswith("on")]
    assert all(target.startswith("#") for target in re.findall(r"url\(([^)]*)\)", page))


def test_text_from_the_data_is_escaped(page):
    assert "<script" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "&lt;script&gt;alert(&#39;label&#39;)&lt;/script&gt;" in page
    assert "<b>model</b>" not in page
    assert "<i>note</i>" not in page
    assert "swapped <b>" not in page


def test_labels_are_not_read_as_formulas(page):
    assert "$x^2$" in page
    assert "swapped &lt;b&gt; $y$</text>" in page
    assert "<del>$x$</del>" in page


def test_ids_are_unique_and_figures_repeat(make_document, page):
    ids = parse(page).ids
    assert len(ids) == len(set(ids))
    assert render(make_document()) == page


def test_sections_come_in_order(page):
    found = re.findall(r"<h2>([^<:]*)", page)
    assert found == [
        *("Key numbers", "Robustness", "Groups", "Calibration", "Generalisation", "Examples", "Cost", "Significance"),
        *("Configuration and environment", "How to read this page"),
    ]
    assert page.index('class="verdict') < page.index("<h2>Key numbers")
    assert page.count("<svg") == 2 + 1 + 2


def test_hidden_units_are_marked(page):
    assert "<del>&lt;script&gt;alert(1)&lt;/script&gt;</del> plain &amp; simple <del>$x$</del>" in page


def test_the_verdict_and_its_numbers_are_on_the_page(make_document):
    document = make_document()
    text = "".join(parse(render(document)).text)
    assert document["verdict"]["sentence"] in text
    assert share(document["clean"]["model"]["value"]) in text
    assert bounds(document["curves"]["iid"]["auc_mask"]["difference"], signed=True) in text


@pytest.mark.parametrize(
    "options",
    [
        {"twin": False},
        {"variants": ()},
        {"seeds": 3},
        {"examples": False},
        {"twin": False, "variants": (), "seeds": 2, "examples": False},
    ],
    ids=str,
)
def test_other_evaluations_have_a_page_too(make_document, options):
    page = render(make_document(**options))
    parse(page)
    assert ("Significance" in page) == options.get("twin", True)
    assert ("<h2>Seeds" in page) == (options.get("seeds", 1) > 1)
    assert ("<h2>Examples" in page) == options.get("examples", True)


def test_undefined_numbers_are_shown_as_such(make_document):
    document = make_document()
    nothing = {"value": None, "low": None, "high": None}
    document["curves"]["iid"]["rho50"] = {"model": nothing, "twin": nothing, "difference": nothing}
    assert "no interval" in render(document)


def test_the_page_is_written_whole(make_document, tmp_path):
    path = write_report(make_document(), tmp_path / "report.html")
    assert path.read_text(encoding="utf-8").endswith("</html>\n")
    assert [one.name for one in tmp_path.iterdir()] == ["report.html"]


def test_small_p_values_are_not_zero():
    assert p_value(0.0) == "< 0.001"
