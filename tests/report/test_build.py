import base64
import io
import re

import pytest

from maskwright.errors import RunError
from maskwright.evaluate.words import SHARES, Scale
from maskwright.report.build import render, write_report
from maskwright.report.formats import p_value
from maskwright.report.parts import saved, section
from maskwright.report.pictures import look
from tests.report.outline import parse


def start(title, level=2):
    """A heading as the page has it, whatever its id."""
    return re.compile(rf'<h{level} id="[^"]+">{re.escape(title)}')


def place(page, title):
    found = start(title).search(page)
    assert found, title
    return found.start()


def headings(page):
    return re.findall(r'<h2 id="[^"]+">([^<:]*)', page)


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
    assert headings(page) == [
        *(
            "Findings",
            "Key numbers",
            "Robustness",
            "Groups",
            "Other metrics",
            "Calibration",
            "Generalisation",
            "Examples",
            "Cost",
        ),
        *("Significance", "Configuration and environment", "How to read this page"),
    ]
    assert page.index('class="verdict') < place(page, "Findings")
    assert page.count("<svg") == 2 + 1 + 2


def test_hidden_units_are_marked(page):
    assert "<del>&lt;script&gt;alert(1)&lt;/script&gt;</del> plain &amp; simple <del>$x$</del>" in page


def test_tags_stand_behind_their_pieces_in_texts_right_answers_and_answers(make_document):
    document = make_document()
    (item,) = document["examples"]["items"]
    kinds = [("Ada <b>", True, "PER"), (" in ", False, ""), ("Rome", False, "LOC & x")]
    item["pieces"] = [{"text": text, "hidden": hidden, "kind": kind} for text, hidden, kind in kinds]
    item["reference_pieces"] = [{"text": "the right one", "hidden": False, "kind": "PER"}]
    item["model"]["pieces"] = [{"text": "what was said", "hidden": False, "kind": "LOC"}]
    page = render(document)
    parse(page)
    colours = {"PER": 124, "LOC &amp; x": 347, "LOC": 210}

    def marked(text, kind):
        return f'<span class="kind" style="--hue:{colours[kind]}">{text}<small>{kind}</small></span>'

    assert f"{marked('<del>Ada &lt;b&gt;</del>', 'PER')} in " in page
    assert marked("Rome", "LOC &amp; x") in page
    assert f"<b>right answer</b> {marked('the right one', 'PER')}" in page
    assert f'<span class="model">model</span> {marked("what was said", "LOC")}' in page
    assert "right answer <b>" not in page, "once, in pieces"


def test_rows_of_tables_are_shown_with_what_is_hidden_marked(make_document):
    document = make_document()
    (item,) = document["examples"]["items"]
    item["pieces"], item["row"] = [], [["age", "<41>", False], ["income", "3.2", True]]
    page = render(document)
    parse(page)
    assert '<th scope="row">age</th><td>&lt;41&gt;</td>' in page
    assert '<th scope="row">income</th><td><del>3.2</del></td>' in page


def test_the_verdict_and_its_numbers_are_on_the_page(make_document):
    document = make_document()
    text = "".join(parse(render(document)).text)
    assert document["verdict"]["sentence"] in text
    assert SHARES.value(document["clean"]["model"]["value"]) in text
    assert SHARES.bounds(document["curves"]["iid"]["auc_mask"]["difference"], signed=True) in text


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
    assert ("Significance" in headings(page)) == options.get("twin", True)
    assert ("Seeds" in headings(page)) == (options.get("seeds", 1) > 1)
    assert ("Examples" in headings(page)) == options.get("examples", True)


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


def png(width, height):
    from PIL import Image

    buffer = io.BytesIO()
    Image.new("L", (width, height)).save(buffer, "PNG")
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()


def with_pictures(document, src):
    for item in document["examples"]["items"]:
        item["pieces"], item["whole"] = [], [{"title": "<i>whole</i>", "src": src}]
        item["pictures"] = [{"title": "", "src": src}]
        item["model"]["src"] = src
    return document


def test_pictures_stand_side_by_side_with_words_for_those_who_do_not_see_them(make_document):
    outline = parse(render(with_pictures(make_document(), png(8, 8))))
    pictures = [attributes for tag, attributes in outline.tags if tag == "img"]
    assert [one["alt"] for one in pictures] == [
        "row 5, as it is, <i>whole</i>",
        "row 5, as the model saw it",
        "row 5, answer of the model",
    ]
    assert all(one["src"].startswith("data:image/png;base64,") for one in pictures)


def test_pictures_look_as_their_size_asks():
    assert look(png(32, 32)) == "small"
    assert look(png(224, 224)) == ""
    assert look(png(600, 100)) == "wide"


@pytest.mark.parametrize(
    "src", ["https://example.org/a.png", "data:image/svg+xml;base64,AAAA", "data:image/png;base64,AAA"]
)
def test_pictures_from_elsewhere_are_refused(make_document, src):
    with pytest.raises(RunError, match="picture"):
        render(with_pictures(make_document(), src))


def test_sections_of_a_task_are_drawn(make_document):
    document = make_document()
    document["sections"] = [
        {
            "title": "By <class>",
            "text": "Some & more.",
            "tables": [{"head": ["class", "n", "AP"], "rows": [["<b>cat</b>", 1200, 0.4], ["dog", 3, None]]}],
            "pictures": [{"title": "seen", "src": png(4, 4), "group": "row 1"}, {"src": png(4, 4)}],
            "curves": [{"title": "probe", "x": "<steps>", "y": "AP", "model": [[0, 0.1], [1, None]], "twin": None}],
        },
        {"title": "Bare"},
    ]
    page = render(document)
    outline = parse(page)
    assert len(outline.ids) == len(set(outline.ids))
    places = [place(page, title) for title in ("Examples", "By &lt;class&gt;", "Bare", "Cost")]
    assert places == sorted(places)
    assert "&lt;b&gt;cat&lt;/b&gt;" in page
    assert "<td class=n>0.400</td>" in page
    assert "<td class=n>–</td>" in page
    assert "&lt;steps&gt;" in page
    assert page.count("<svg") == 6


def test_what_masking_saved_is_told_only_where_it_did(make_document):
    document = make_document()
    document["cost"]["training_time_saved"] = 0.4
    assert saved(document) is None
    document["cost"]["model"].update(training_cells=100, training_cells_whole=100)
    assert saved(document) is None
    document["cost"]["model"]["training_cells"] = 25
    assert saved(document) == (
        "Training took 40% less time than that of the twin on the same kind of machine. "
        "Of the tokens, 75% never went through the model."
    )
    document["cost"]["training_time_saved"] = -0.1
    assert saved(document) == "Of the tokens, 75% never went through the model."


@pytest.mark.parametrize(("twin", "seeds"), [(True, 1), (False, 1), (True, 2)])
def test_calibration_is_told_with_intervals(make_document, twin, seeds):
    document = make_document(twin=twin, seeds=seeds)
    page, calibration = render(document), document["calibration"]
    row, metrics = calibration["rows"][1], {metric["name"]: metric for metric in calibration["metrics"]}
    for name, percent in (("ece", True), ("overconfidence", True), ("loss", False), ("brier", False)):
        scale = Scale.of(metrics[name])
        assert scale.percent == percent
        assert f"<small>{scale.bounds(row['model'][name])}</small>" in page
        unit = ", nats" if name == "loss" else ""
        assert f"<caption>{metrics[name]['label'].capitalize()}{unit}</caption>" in page
        if twin:
            assert f"<b>{scale.change(row['difference'][name]['value'])}</b>" in page
            assert f"<small>{scale.bounds(row['difference'][name], True)}</small>" in page
    between = page[place(page, "Calibration") : place(page, "Generalisation")]
    assert between.count('<th scope="col" class="n">difference') == (4 if twin else 0)
    assert between.count("<svg") == 2


@pytest.mark.parametrize("twin", [True, False])
def test_other_metrics_are_told_under_every_condition(make_document, twin):
    document = make_document(twin=twin)
    document["other_metrics"][0]["meaning"] = "Means <all> classes."
    page = render(document)
    parse(page)
    between = page[place(page, "Other metrics") : place(page, "Calibration")]
    assert "the verdict rests on accuracy alone" in between
    assert "Means &lt;all&gt; classes." in between
    assert between.count("In nats. Lower is better.") == between.count("Lower is better.") == 1
    assert between.count("<summary>") == 2
    for metric, percent in zip(document["other_metrics"], (True, False), strict=True):
        scale = Scale.of(metric)
        assert scale.percent == percent
        against = f" against {scale.value(metric['clean']['twin']['value'])}" if twin else ""
        assert f"{scale.value(metric['clean']['model']['value'])}{against} on whole inputs</summary>" in between
        for compared in (metric["clean"], *metric["points"], *metric["variants"]):
            assert f"<small>{scale.bounds(compared['model'])}</small>" in between
            if twin:
                assert f"<small>{scale.bounds(compared['difference'], True)}</small>" in between
    assert between.count("variant “swapped &lt;b&gt; $y$”") == 2
    assert between.count("<tr>") == 2 * (1 + 1 + 2 + 4)


def test_one_metric_alone_has_no_section_of_others(make_document):
    document = make_document()
    document["other_metrics"] = []
    assert "Other metrics" not in render(document)


def test_another_metric_that_says_nothing_of_whole_inputs_is_summed_up_by_its_first_point(make_document):
    document = make_document()
    other = document["other_metrics"][0]
    other["of_whole"] = False
    page = render(document)
    between = page[place(page, "Other metrics") : place(page, "Calibration")]
    value = Scale().value(other["points"][0]["model"]["value"])
    assert (
        f"{value} against {Scale().value(other['points'][0]['twin']['value'])} with 50.0% hidden</summary>" in between
    )
    assert between.count('<th scope="row">whole input</th>') == 1


def test_evaluations_without_groups_calibration_and_tests_have_a_page(make_document):
    document = make_document(variants=())
    for name in ("groups", "calibration", "significance"):
        document[name] = None
    page = render(document)
    parse(page)
    assert not {"Groups", "Calibration", "Significance"} & set(headings(page))


def test_shares_below_zero_have_a_figure(make_document):
    document = make_document()
    for point in document["curves"]["iid"]["points"]:
        point["score"]["model"] = {"value": -0.4, "low": -0.5, "high": -0.3}
    page = render(document)
    parse(page)
    assert "−40%" in page


@pytest.mark.parametrize("unit", ["share", ""])
def test_where_chance_is_not_known_nothing_is_said_of_it(make_document, unit):
    document = make_document()
    assert "<dt>chance" in render(document)
    document["data"]["chance"] = document["metric"]["negligible"] = None
    document["metric"] |= {"unit": unit}
    page = render(document)
    parse(page)
    assert "<dt>chance" not in page
    assert ">chance<" not in page


def test_what_is_perfect_by_definition_is_no_result(make_document):
    document = make_document(twin=False)
    assert "Generalisation" in headings(render(document))
    document["metric"] |= {"of_whole": False, "meaning": "How much of <it>."}
    page = render(document)
    parse(page)
    assert "Generalisation" not in headings(page)
    assert not start("Whole input", 3).search(page)
    assert "whole input, by definition" in page
    assert page.count("How much of &lt;it&gt;.") == 2


def test_without_a_twin_nothing_is_said_of_one(make_document):
    assert "<dt>not clear" in render(make_document())
    page = render(make_document(twin=False))
    assert "<dt>twin" not in page
    assert "<dt>not clear" not in page
    assert 'class="mark"' not in page


def test_the_largest_share_that_was_tried_is_at_least_what_is_borne(make_document):
    document = make_document(twin=False)
    nothing_lost = {"value": 0.9, "low": 0.9, "high": 0.9}
    document["curves"] = {"iid": document["curves"]["iid"]}
    document["curves"]["iid"]["rho50"] = {"model": nothing_lost, "twin": None, "difference": None}
    page = render(document)
    assert page.count("≥ 90.0%") == 1
    assert page.count("no more was tried") == 1
    document["curves"]["iid"]["rho50"]["model"] = {"value": 0.6, "low": 0.5, "high": 0.9}
    assert "50.0 – 90.0" in render(document)


def test_of_two_that_bear_all_that_was_tried_none_is_better(make_document):
    document = make_document()
    document["curves"] = {"iid": document["curves"]["iid"]}
    most, difference = {"value": 0.9, "low": 0.8, "high": 0.9}, {"value": 0.0, "low": -0.0123, "high": 0.0456}
    document["curves"]["iid"]["rho50"] = {"model": most, "twin": most, "difference": difference}
    assert "+4.6" not in render(document)
    document["curves"]["iid"]["rho50"]["twin"] = {"value": 0.7, "low": 0.6, "high": 0.8}
    assert render(document).count("+4.6") == 1


def test_pictures_and_texts_are_hidden_each_in_their_own_units(make_document):
    document = make_document()
    document["settings"]["unit"] = {"image": "patch", "text": "word"}
    assert render(document).count("patch by patch and word by word") == 2


def test_groups_without_variants_are_labels(make_document):
    page = render(make_document(variants=()))
    assert "original" not in page
    assert "model: " in page
    assert "original / " in render(make_document())


def test_written_numbers_stand_right_and_intervals_below(make_document):
    rows = [["1", "30%", "+1.2\n−0.7 to +3.8", "one"], ["2", "−4%", "1.0\n0.1 to 1.9", "2 or more"]]
    table = {"head": ["class", "hidden", "change", "said"], "rows": rows}
    assert section({"title": "A", "tables": [table]}, 0)["tables"][0]["numbers"] == [False, True, True, False]
    document = make_document()
    document["sections"] = [{"title": "A", "tables": [table]}]
    assert "<td class=n>+1.2<small>−0.7 to +3.8</small></td>" in render(document)


def test_three_pictures_of_a_group_stand_in_one_row_on_a_telephone(make_document):
    document = make_document()
    pictures = [{"src": png(4, 4), "group": group} for group in ("a", "a", "a", "b", "b")]
    document["sections"] = [{"title": "A", "pictures": pictures}]
    found = [attributes["class"] for tag, attributes in parse(render(document)).tags if tag == "div"]
    assert [one for one in found if one.startswith("pictures")] == ["pictures three", "pictures"]
