import dataclasses

import pytest

from maskwright.evaluate.verdict import headline_metrics, verdict
from maskwright.tasks.metrics.accuracy import ACCURACY
from maskwright.tasks.metrics.log_loss import LOG_LOSS


def compared(value, low, high):
    return {
        "model": {"value": 0.8, "low": 0.7, "high": 0.9},
        "twin": {"value": 0.8 - value, "low": 0.5, "high": 0.9},
        "difference": {"value": value, "low": low, "high": high, "p": 0.01, "detectable": 0.07},
    }


UP, DOWN = (0.1, 0.05, 0.15), (-0.1, -0.15, -0.05)
FLAT, WIDE = (0.0, -0.01, 0.01), (0.05, -0.02, 0.12)


def described(metric, chance):
    """What a document says of a metric whose chance is known."""
    fixed = dataclasses.replace(metric, chance=chance)
    return {
        "label": metric.label,
        "higher_is_better": metric.higher_is_better,
        "unit": metric.unit,
        "of_whole": metric.of_whole,
        "negligible": fixed.negligible_of([]),
    }


def with_chance(document, chance, metric=LOG_LOSS):
    """The same where an answer that ignores the input scores otherwise."""
    document["data"]["chance"], document["metric"] = chance, described(metric, chance)
    return document


def document(area, clean=FLAT, variants=(), n=600, seeds=1, metric=ACCURACY):
    rows = [{"variant": name, "n": n, **compared(*given)} for name, given in [("original", clean), *variants]]
    points = [{"ratio": ratio, "score": compared(*area)} for ratio in (0.0, 0.5, 0.9)]
    return {
        "noun": "texts",
        "metric": described(metric, 0.4),
        "runs": [{"seed": seed} for seed in range(seeds)],
        "data": {"examples": n, "chance": 0.4, "split": "test"},
        "settings": {
            "confidence": 0.95,
            "patterns": ["iid", "span"],
            "ratios": [0.0, 0.5, 0.9],
            "resampled": "test texts",
            "second": None,
            "shared": {"measures": ["whole input", "mean over iid"], "confidence": 0.975},
        },
        "clean": {**compared(*clean), "learned": {"model": True, "twin": True}},
        "groups": {"variants": rows},
        "curves": {"iid": {"auc_mask": compared(*area), "points": points}},
    }


@pytest.mark.parametrize(
    ("area", "outcome", "words"),
    [
        (UP, "better", "Masking helped: "),
        (DOWN, "worse", "Masking hurt: "),
        (FLAT, "no effect", "Masking did not help: "),
        (WIDE, "undecided", "It is not clear whether masking helped: "),
        ((-0.02, -0.05, 0.01), "undecided", "It is not clear whether masking helped: "),
        ((0.0, None, None), "undecided", "It is not clear whether masking helped: "),
    ],
)
def test_each_outcome_is_said_plainly(area, outcome, words):
    found = verdict(document(area))
    assert found.outcome == outcome
    assert found.sentence.startswith(words)
    assert "auc_mask, iid" in found.sentence
    assert ("95% interval" in found.sentence) == (area[1] is not None)
    assert found.sentence.count(". ") == 0


def test_numbers_are_in_the_sentence():
    sentence = verdict(document(UP)).sentence
    assert "80.0% against 70.0%" in sentence
    assert "+10.0 points (95% interval +5.0 to +15.0)" in sentence


def test_the_variant_called_removed_is_a_headline():
    found = verdict(document(UP, variants=[("swapped", WIDE), ("removed", UP)]))
    assert "variant “removed”" in found.sentence
    assert "swapped" not in found.sentence
    assert any("“swapped” the effect is not clear" in line for line in found.details)


def test_better_and_undecided_is_better_and_says_both():
    found = verdict(document(WIDE, variants=[("removed", UP)]))
    assert found.outcome == "better"
    assert "not clear" in found.sentence


def test_better_and_worse_is_mixed():
    assert verdict(document(DOWN, variants=[("removed", UP)])).outcome == "mixed"


def test_a_fall_of_clean_accuracy_is_in_the_sentence():
    found = verdict(document(UP, clean=DOWN))
    assert found.outcome == "better"
    assert "price is accuracy on whole inputs, −10.0 points (95% interval −15.0 to −5.0)" in found.sentence
    nothing_bought = verdict(document(WIDE, clean=DOWN)).sentence
    assert "price" not in nothing_bought
    assert "accuracy on whole inputs is worse, −10.0 points" in nothing_bought
    assert "accuracy on whole inputs is worse too" in verdict(document(DOWN, clean=DOWN)).sentence
    assert "whole inputs" not in verdict(document(UP, clean=WIDE)).sentence


def test_without_a_twin_nothing_is_claimed():
    alone = document(UP)
    for one in (alone["clean"], alone["curves"]["iid"]["auc_mask"], *alone["groups"]["variants"]):
        one["twin"] = one["difference"] = None
    found = verdict(alone)
    assert found.outcome == "alone"
    assert "no twin" in found.sentence
    assert len(headline_metrics(alone)) == 1


def test_what_the_intervals_cover_is_said():
    one, three = verdict(document(UP)).details, verdict(document(UP, seeds=3)).details
    assert any("One training seed" in line and "luck of one training" in line for line in one)
    assert "3 training seeds were evaluated: the intervals cover other test texts and other trainings." in three
    assert any(
        "2 intervals that the verdict rests on (whole input, mean over iid) hold together" in line for line in one
    )


def test_the_smallest_difference_that_could_have_been_shown_stands_beside_none():
    for nothing in (FLAT, WIDE):
        assert "a difference of about 7.0 points could have been shown" in verdict(document(nothing)).sentence
    assert "could have been shown" not in verdict(document(UP)).sentence


@pytest.mark.parametrize(
    ("first", "second", "words"),
    [
        (UP, UP, "The same holds where the same parts are taken away in another way (drop): mean accuracy is 80.0%"),
        (UP, WIDE, "It is not clear whether there is a difference where the same parts"),
        (DOWN, UP, "Masking helped where the same parts are taken away in another way"),
    ],
)
def test_a_second_way_of_taking_away_is_in_the_verdict(first, second, words):
    both = document(first)
    both["settings"]["second"] = {"pattern": "iid (drop)", "first": "iid", "fill": "drop"}
    both["curves"]["iid (drop)"] = {"auc_mask": compared(*second), "points": []}
    lines = verdict(both).details
    assert any(line.startswith(words) for line in lines), lines
    assert any("surprise" in line for line in lines) == (first == UP and second == WIDE)
    opening = "Masking helped where parts are hidden as in its own training; in another way it is not shown: "
    assert verdict(both).sentence.startswith(opening) == (first == UP and second == WIDE)
    both["groups"]["variants"].append({"variant": "removed", "n": 600, **compared(*UP)})
    assert not verdict(both).sentence.startswith(opening)


def test_rows_on_which_the_checkpoint_was_chosen_are_named_at_the_top():
    chosen = document(UP)
    chosen["data"]["split"] = "validation"
    found = verdict(chosen)
    assert found.sentence.startswith("Masking helped (on the validation texts, by which the checkpoint was chosen): ")
    assert any("Name a test split" in line for line in found.details)


def test_the_weakest_of_several_ways_of_removing_speaks_for_all():
    ways = [("removed_word", UP), ("removed_neutral", WIDE), ("removed_mask", (0.2, 0.1, 0.3))]
    found = verdict(document(FLAT, variants=ways))
    assert found.outcome == "undecided"
    assert "variant “removed_neutral”" in found.sentence
    assert any("removed in 3 ways" in line for line in found.details)
    assert any("“removed_word” it helped" in line for line in found.details)
    losses = document(FLAT, variants=[("removed_a", DOWN), ("removed_b", UP)], metric=LOG_LOSS)
    assert "“removed_b”" in verdict(losses).sentence


def test_models_at_chance_are_said_to_have_learned_nothing():
    lost = document(WIDE)
    lost["clean"]["learned"] = {"model": False, "twin": False}
    assert verdict(lost).details[0].startswith("Neither model is clearly better")
    assert verdict(lost).sentence.startswith("Nothing can be said about masking")
    lost["clean"]["learned"]["twin"] = True
    assert verdict(lost).details[0].startswith("The model is not clearly better")
    assert not any("clearly better" in detail for detail in verdict(document(WIDE)).details)


def test_less_of_a_loss_is_better():
    falls, rises = document(DOWN, clean=UP, metric=LOG_LOSS), document(UP, metric=LOG_LOSS)
    for one in (falls, rises):
        with_chance(one, 2.0)
    found = verdict(falls)
    assert found.outcome == "better"
    assert "0.800 against 0.900 for the same model trained without masking (lower is better), −0.100" in found.sentence
    assert "price is log loss on whole inputs, +0.100 (95% interval +0.0500 to +0.150)" in found.sentence
    assert "points" not in found.sentence
    assert verdict(rises).outcome == "worse"


def test_nothing_is_claimed_where_neither_model_knows_anything():
    lost = document(UP)
    assert verdict(lost).outcome == "better"
    lost["clean"]["learned"] = {"model": False, "twin": False}
    found = verdict(lost)
    assert found.outcome == "undecided"
    assert found.sentence.startswith("Nothing can be said about masking, because the task was not learned")


def test_where_chance_is_not_known_nothing_is_said_of_it_and_nothing_is_negligible():
    unknown = document(FLAT, metric=LOG_LOSS)
    unknown["data"]["chance"] = unknown["metric"]["negligible"] = None
    unknown["clean"]["learned"] = {"model": None, "twin": None}
    judged = verdict(unknown)
    assert judged.outcome == "undecided"
    assert not any("ignores" in line for line in (judged.sentence, *judged.details))


def test_what_is_negligible_of_a_loss_is_a_share_of_chance():
    small = document(FLAT, metric=LOG_LOSS)
    assert verdict(with_chance(small, 1.0)).outcome == "no effect"
    assert verdict(with_chance(small, 0.4)).outcome == "undecided"


def test_without_groups_and_without_a_clean_score_there_is_a_verdict():
    bare = document(DOWN, metric=LOG_LOSS)
    bare["groups"] = None
    nothing = {"value": None, "low": None, "high": None}
    bare["clean"] = {"model": nothing, "twin": nothing, "difference": nothing, "learned": {"model": None, "twin": None}}
    bare["curves"]["iid"]["points"][0]["score"] = bare["clean"]
    found = verdict(bare)
    assert found.outcome == "better"
    assert "50 to 90% of the input hidden" in found.sentence
