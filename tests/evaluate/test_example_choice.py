import numpy as np

from maskwright.evaluate.example_choice import MOST, blindly, by_difference, by_right_answers, choose, shown_ratio


def test_kinds_part_all_examples():
    model, twin = np.array([1, 1, 0, 0], dtype=bool), np.array([1, 0, 1, 0], dtype=bool)
    kinds, how = by_right_answers(model, twin)
    assert {kind: members.tolist() for kind, members in kinds.items()} == {
        "only the model is right": [1],
        "only the twin is right": [2],
        "both are wrong": [3],
        "both are right": [0],
    }
    assert "four kinds" in how
    assert list(by_right_answers(model, None)[0]) == ["wrong", "right"]


def test_where_nothing_is_right_or_wrong_the_largest_differences_are_shown():
    model = np.zeros(200)
    model[:5], model[190:] = [1, 5, 3, 4, 2], -np.arange(1, 11)
    kinds, how = by_difference(model, np.zeros(200))
    assert kinds["the model is ahead"].tolist() == [1, 3, 2, 4, 0], "the furthest ahead first"
    assert kinds["the twin is ahead"].tolist() == list(range(199, 189, -1))
    assert kinds["equal"].tolist() == list(range(5, 190))
    assert "furthest ahead" in how
    assert "({metric})" in how
    chosen = choose(kinds, 9)
    assert [kind for kind, _ in chosen] == ["the model is ahead"] * 3 + ["the twin is ahead"] * 3 + ["equal"] * 3
    assert choose(kinds, 9) == chosen
    assert len({row for _, row in chosen}) == 9


def test_only_the_far_ends_of_the_differences_are_drawn_from():
    model = np.random.default_rng(0).normal(size=1000)
    kinds, _ = by_difference(model, np.zeros(1000))
    order = np.argsort(-model)
    assert set(kinds["the model is ahead"]) == set(order[:MOST])
    assert set(kinds["the twin is ahead"]) == set(order[-MOST:])
    drawn = [row for kind, row in choose(kinds, 10) if kind == "the model is ahead"]
    assert drawn != order[: len(drawn)].tolist(), "drawn among the ends, not the extremes themselves"


def test_undefined_scores_are_equal():
    kinds, _ = by_difference(np.array([np.nan, 1.0]), np.array([0.0, 0.0]))
    assert kinds["equal"].tolist() == [0]


def test_where_no_metric_says_anything_of_one_example_they_are_drawn_blindly():
    kinds, how = blindly(50)
    assert how.startswith("Drawn blindly")
    chosen = [row for _, row in choose(kinds, 5)]
    assert len(set(chosen)) == 5
    assert chosen != [0, 1, 2, 3, 4]


def test_one_model_alone_shows_its_worst_and_its_best():
    kinds, how = by_difference(np.array([3.0, 1.0, 4.0, 2.0, 5.0]), None)
    assert {kind: rows.tolist() for kind, rows in kinds.items()} == {"worst": [1, 3], "best": [4, 2, 0]}
    assert "among the worst" in how


def test_of_one_model_alone_undefined_scores_are_neither_worst_nor_best():
    kinds, _ = by_difference(np.array([np.nan, 2.0, 1.0, np.nan]), None)
    assert {kind: rows.tolist() for kind, rows in kinds.items()} == {"worst": [2], "best": [1]}


def test_both_directions_are_shown_alike():
    found = {kind: np.arange(100 * i, 100 * i + 50) for i, kind in enumerate("abcd")}
    chosen = choose(found, 12)
    assert [kind for kind, _ in chosen] == ["a"] * 4 + ["b"] * 4 + ["c"] * 2 + ["d"] * 2
    assert choose(found, 12) == chosen
    assert len({row for _, row in chosen}) == 12


def test_empty_kinds_are_filled_by_the_others():
    found = {"a": np.arange(2), "b": np.arange(0), "c": np.arange(10, 12), "d": np.arange(20, 60)}
    kinds_shown = [kind for kind, _ in choose(found, 12)]
    assert kinds_shown == ["a"] * 2 + ["c"] * 2 + ["d"] * 8
    assert len(choose({"a": np.arange(2), "b": np.arange(0)}, 12)) == 2


def test_shown_ratio_is_the_nearest_to_a_half():
    assert shown_ratio([0.0, 0.1, 0.3, 0.5, 0.9]) == 0.5
    assert shown_ratio([0.0, 0.4, 0.6]) == 0.4
