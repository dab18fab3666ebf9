import numpy as np

from maskwright.report.answers import Answered, answered, distribution
from maskwright.report.build import render
from tests.report.outline import parse


def test_shares_rows_and_mistakes():
    one = Answered("whole", "model", np.array([[8, 2], [5, 5]]), ["a", "b"])
    assert one.shares.tolist() == [0.65, 0.35]
    assert one.true_shares.tolist() == [0.5, 0.5]
    assert (one.most_label, one.most_share, one.most_true_share, one.collapsed) == ("a", 0.65, 0.5, False)
    assert one.rows[0] == {"label": "a", "n": 10, "cells": [{"count": 8, "share": 0.8}, {"count": 2, "share": 0.2}]}
    assert one.mistakes == [
        {"label": "b", "answer": "a", "count": 5},
        {"label": "a", "answer": "b", "count": 2},
    ]


def test_exactly_four_of_five_is_no_collapse():
    assert not Answered("", "model", np.array([[8, 2], [0, 0]]), ["a", "b"]).collapsed
    assert Answered("", "model", np.array([[9, 2], [0, 0]]), ["a", "b"]).collapsed


def test_a_class_without_cases_has_no_shares():
    (empty,) = [row for row in Answered("", "model", np.array([[1, 0], [0, 0]]), ["a", "b"]).rows if not row["n"]]
    assert [cell["share"] for cell in empty["cells"]] == [0.0, 0.0]


def test_documents_without_answers(make_document):
    document = make_document()
    assert answered(document) == []
    assert distribution({**document, "answers": None}) is None


def test_a_matrix_for_each_condition_and_model_and_a_flag(make_full_document):
    page = render(make_full_document())
    parse(page)
    assert page.count("-heat") - page.count(".twin-heat") - page.count(".model-heat") == 4 * 9
    assert page.count("<b>⚑ 95.0%</b>") == 1
    assert "Marked with ⚑: one class in more than 80% of cases" in page


def test_of_many_classes_the_mistakes_are_listed(make_full_document):
    document = make_full_document()
    counts = (np.eye(20, dtype=int) * 5).tolist()
    counts[3][7] = 4
    condition = {"name": "whole input", "model": counts, "twin": counts}
    document["answers"] = {"labels": [f"class {place}" for place in range(20)], "conditions": [condition]}
    page = render(document)
    parse(page)
    assert '<th scope="row">class 3</th><td>class 7</td><td class="n">4</td>' in page
    assert "The most frequent mistakes" in page
    assert "Which class is taken for which" not in page


def test_masked_conditions_without_a_flag_are_folded_up(make_full_document):
    document = make_full_document()
    conditions = document["answers"]["conditions"]
    conditions.insert(1, {**conditions[0], "name": "iid, 50% hidden"})
    shown = distribution(document)
    assert [row.condition for row in shown["first"][::2]] == ["whole input", "iid, 90% hidden"]
    assert [row.condition for row in shown["others"]] == ["iid, 50% hidden"] * 2
    page = render(document)
    parse(page)
    assert "The other conditions" in page


def test_without_a_twin_there_is_one_row_for_each_condition(make_full_document):
    document = make_full_document(twin=False)
    assert [row.who for row in answered(document)] == ["model", "model"]
    parse(render(document))
