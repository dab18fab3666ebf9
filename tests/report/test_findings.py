import pytest

from maskwright.report.findings.finding import CAUTION, NOTE, PASSED, PROBLEM, SEVERITIES
from maskwright.report.findings.table import by_severity, findings


def of(document, words):
    """The only finding that says something."""
    (found,) = [finding for finding in findings(document) if words in finding.what]
    return found


def severities(document, words):
    return [finding.severity for finding in findings(document) if words in finding.what]


def interval(value, low, high, **more):
    return {"value": value, "low": low, "high": high, **more}


def test_the_worst_come_first_and_what_passed_is_there_too(make_full_document):
    document = make_full_document()
    document["data"]["split"] = "validation"
    order = [SEVERITIES.index(finding.severity) for finding in findings(document)]
    assert order == sorted(order)
    assert [severity for severity, _ in by_severity(document)] == [PROBLEM, CAUTION, NOTE, PASSED]
    assert [finding for _, some in by_severity(document) for finding in some] == findings(document)


def test_models_that_learned_nothing_are_a_problem(make_document):
    document = make_document()
    assert of(document, "The model has learned").severity == PASSED
    document["clean"]["learned"] = {"model": False, "twin": None}
    model = of(document, "The model is not clearly better than an answer that ignores the input")
    assert model.severity == PROBLEM
    assert model.size == "96.7%, chance 40.0%"
    assert of(document, "not known whether the twin has learned").severity == NOTE


def test_what_was_learned_has_no_interval_over_seeds(make_document):
    assert of(make_document(), "The model has learned").interval == "85.9 – 99.8"
    assert of(make_document(seeds=3), "The model has learned").interval == ""


def test_validation_rows_in_place_of_a_test_split_are_a_problem(make_document):
    document = make_document()
    assert of(document, "from the test split").severity == PASSED
    document["data"]["split"] = "validation"
    assert of(document, "no test split").severity == PROBLEM


def test_a_missing_twin_is_a_problem(make_document):
    assert of(make_document(twin=False), "There is no twin").severity == PROBLEM
    assert severities(make_document(), "There is no twin") == []


def test_one_seed_is_a_caution(make_document):
    one = of(make_document(), "luck of training")
    assert (one.severity, one.size) == (CAUTION, "1 training seed")
    several = of(make_document(seeds=3), "cover other training seeds")
    assert (several.severity, several.size, several.anchor) == (PASSED, "3 training seeds", "seeds")


@pytest.mark.parametrize(
    ("low", "high", "severity", "said"),
    [
        (0.05, 0.15, PASSED, "better than that of the twin"),
        (-0.15, -0.05, CAUTION, "worse than that of the twin"),
        (-0.01, 0.01, NOTE, "no difference of more than 2.0 points"),
        (-0.1, 0.2, NOTE, "not clear whether it differs from that of the twin; a difference of about 21.0 points"),
    ],
)
def test_differences_that_the_verdict_rests_on(make_document, low, high, severity, said):
    document = make_document()
    value = (low + high) / 2
    document["clean"]["difference"] = interval(value, low, high, p=0.1, detectable=0.21)
    found = of(document, "Accuracy on whole inputs: ")
    assert found.severity == severity
    assert said in found.what
    assert found.size.endswith(" points")
    assert found.interval


def test_a_lower_loss_is_better(make_document):
    document = make_document()
    document["metric"] |= {"higher_is_better": False, "unit": "nats", "label": "log loss"}
    document["clean"]["difference"] = interval(-0.3, -0.4, -0.2, p=0.01, detectable=0.1)
    assert of(document, "Log loss on whole inputs: better").size == "−0.300"


def test_of_two_models_that_know_nothing_no_difference_is_good_news(make_document):
    document = make_document()
    document["clean"]["learned"] = {"model": False, "twin": False}
    assert set(severities(document, "Accuracy on ")) == {NOTE}


def test_the_second_fill_is_among_the_differences(make_document):
    document = make_document()
    assert severities(document, "another fill") == []
    document["settings"]["second"] = {"pattern": "span", "first": "iid", "fill": "drop"}
    assert of(document, "inputs hidden with another fill (auc_mask, span)").anchor == "robustness"


def test_an_effect_of_one_fill_alone_is_a_caution(make_document):
    document = make_document()
    document["settings"]["second"] = {"pattern": "span", "first": "iid", "fill": "drop"}
    both = of(document, "Masking helped with another fill too")
    assert (both.severity, both.size) == (PASSED, "+23.8 points, then +27.0 points")
    document["curves"]["span"]["auc_mask"]["difference"] = interval(0.0, -0.01, 0.01)
    assert of(document, "the twin may have been surprised").severity == CAUTION
    document["curves"]["iid"]["auc_mask"]["difference"] = interval(0.0, -0.01, 0.01)
    assert severities(document, "the twin may have been surprised") == []


def test_only_large_differences_could_be_seen(make_document):
    document = make_document()
    found = of(document, "Only large differences")
    assert found.severity == CAUTION
    assert "22.0 points" in found.size
    for compared in (document["clean"], document["curves"]["iid"]["auc_mask"], *document["groups"]["variants"]):
        compared["difference"]["detectable"] = 0.031
    small = of(document, "Smallest difference that would have been shown in 80% of cases")
    assert (small.severity, small.size) == (PASSED, "3.1 points")
    document["metric"]["negligible"] = None
    assert of(document, "Smallest difference").severity == NOTE


def test_worst_groups(make_document):
    document = make_document()
    everywhere = document["groups"]["worst_of_variants"]
    assert [row["variant"] for row in everywhere] == ["original", *document["data"]["variants"]]
    worst = {**document["groups"]["worst"], "variant": "original", "model": interval(0.5, 0.3, 0.99)}
    document["groups"]["worst_of_variants"] = [worst]
    found = of(document, "Worst group: “original / c & d” (20 texts)")
    assert (found.severity, found.interval, found.size) == (NOTE, "30.0 – 99.0", "50.0%, twin 61.9%")
    worst["model"] = interval(0.5, 0.3, 0.7)
    assert "whose interval is below the 96.7% of all groups together" in of(document, "Worst group").what
    assert of(document, "Worst group").severity == CAUTION
    document["groups"]["worst_of_variants"] = [{"variant": "original", **worst}, {"variant": "removed", **worst}]
    assert len(severities(document, "Worst group")) == 2


def test_worst_slices_but_no_classes_again(make_full_document):
    document = make_full_document()
    length = of(document, "Worst texts by length: “3 to <9> tokens” (30 texts)")
    assert (length.severity, length.interval) == (CAUTION, "30.0 – 70.0")
    assert of(document, "by word: “the”").anchor == "slices"
    assert severities(document, "by class") == []
    document["slices"][0]["model"] = interval(1.0, 0.9, 1.0)
    assert of(document, "No texts by length do worse than all").severity == PASSED
    document["metric"]["counts"] = False
    assert of(document, "Worst texts by length").severity == NOTE


def test_one_class_in_more_than_four_of_five_cases(make_full_document):
    document = make_full_document()
    twin = of(
        document,
        "The twin answers one class, “<script>alert('label')</script>”, in more than 80% of cases: iid, 90% hidden",
    )
    assert (twin.severity, twin.size) == (CAUTION, "95.0%, right in 33.3%")
    assert of(document, "The model answers no class in more than 80% of cases").severity == PASSED
    document["answers"]["conditions"][0]["twin"] = [[20, 0, 0], [20, 0, 0], [20, 0, 0]]
    assert "whole input, and 1 other condition" in of(document, "The twin answers").what


def test_who_was_still_improving(make_full_document):
    document = make_full_document()
    model = of(document, "The model may have been still improving")
    assert (model.severity, model.size) == (CAUTION, "step 40 of 40")
    twin = of(document, "The twin had its best validation score before the end")
    assert (twin.severity, twin.size) == (PASSED, "step 20 of 40"), "of equal scores the first"
    document["training"]["model"]["validation"] = [[40, 0.8]]
    assert of(document, "Whether the model was still improving is not known").severity == CAUTION
    document["metric"]["higher_is_better"] = False
    document["training"]["model"]["validation"] = [[20, 0.8], [30, None], [40, 0.7]]
    assert of(document, "The model may have been still improving").severity == CAUTION


@pytest.mark.parametrize(
    ("low", "high", "severity", "said"),
    [
        (0.06, 0.2, CAUTION, "too high"),
        (-0.2, -0.06, NOTE, "too low"),
        (-0.04, 0.04, PASSED, "is within 5 points of the accuracy"),
        (-0.01, 0.2, NOTE, "not clearly within 5 points"),
    ],
)
def test_confidence(make_document, low, high, severity, said):
    document = make_document()
    row = document["calibration"]["rows"][0]["model"]
    row |= {"overconfidence": interval((low + high) / 2, low, high), "ece": interval(0.123, None, None)}
    found = of(document, "Mean confidence of the model on whole inputs")
    assert found.severity == severity
    assert said in found.what
    assert "ECE 12.3%" in found.size
    assert severities(document, "Mean confidence of the model with 90% hidden (iid)") == [NOTE]


def test_the_gap_between_training_and_test(make_document):
    document = make_document()
    gap = document["generalisation"]["gap"]
    for low, severity, said in (
        (0.11, CAUTION, "much better"),
        (0.01, NOTE, "is better"),
        (-0.01, PASSED, "not clearly"),
    ):
        gap["model"] = interval(0.2, low, 0.3)
        found = of(document, "on training than on test texts")
        assert found.severity == severity
        assert said in found.what
        assert found.size == "+20.0 points, twin −11.7 points"
    document["metric"]["of_whole"] = False
    assert severities(document, "on training than on test") == []


def test_equal_steps_are_not_equal_work(make_full_document):
    document = make_full_document()
    assert of(document, "the same number of training steps").severity == PASSED
    document["training"]["twin"]["loss"].append([80, 0.1])
    steps = of(document, "different numbers of training steps")
    assert (steps.severity, steps.size) == (CAUTION, "40, twin 80")
    document["cost"]["model"]["training_cells"], document["cost"]["twin"]["training_cells"] = 50, 100
    work = of(document, "different numbers of tokens in training")
    assert (work.severity, work.size) == (NOTE, "50% of the twin's")
    document["cost"]["model"]["training_cells"] = 99
    assert of(document, "about as many tokens").severity == PASSED


def test_small_groups_and_notes_on_the_data(make_document):
    document = make_document()
    assert of(document, "3 of 9 groups have fewer than 20 texts").size == "the smallest has 19"
    assert of(document, "something to know about the data").size == "1 note"
    document["data"]["notes"] = []
    assert severities(document, "something to know about the data") == []


def test_a_document_with_little_in_it_has_findings_too(make_document):
    document = make_document(twin=False, variants=(), examples=False)
    for name in ("groups", "calibration", "significance"):
        document[name] = None
    assert {finding.severity for finding in findings(document)} >= {PROBLEM, CAUTION, PASSED}
