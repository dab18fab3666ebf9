"""The matrix of fills and policies: what it runs, which number goes where, and what it says of effects."""

import importlib.util
import json
import sys
from pathlib import Path

import pytest

from maskwright.config import dump_config
from maskwright.fills import from_node
from tests.examples.markdown import ROOT


@pytest.fixture(scope="module")
def matrix():
    spec = importlib.util.spec_from_file_location("fill_matrix", ROOT / "examples" / "fill_matrix.py")
    loaded = importlib.util.module_from_spec(spec)
    sys.modules["fill_matrix"] = loaded
    spec.loader.exec_module(loaded)
    return loaded


def document(matrix, config, rise):
    """An evaluation in which each number says what it is: 0.5 + ratio/10 + pattern/1000, the twin `rise` lower."""

    def estimate(value):
        return {"model": {"value": value}, "twin": {"value": value - rise}, "difference": None}

    names = list(config.evaluation.named_patterns)
    return {
        "clean": estimate(0.5),
        "curves": {
            name: {
                "points": [
                    {"ratio": ratio, "score": estimate(0.5 + ratio / 10 + number / 1000)}
                    for ratio in config.evaluation.ratios
                ]
            }
            for number, name in enumerate(names)
        },
        "settings": {"ratios": config.evaluation.ratios, "patterns": names, "draws": 2, "unit": "patch"},
        "runs": [{"seed": config.training.seed}],
        "data": {"fingerprint": "f"},
        "configuration": dump_config(config),
    }


def saved(matrix, folder, seed, cell, rise=0.1, epochs=None):
    config = matrix.configuration("mlp8", seed, cell, folder, epochs)
    output = Path(config.training.output)
    output.mkdir(parents=True)
    (output / "evaluation.json").write_text(json.dumps(document(matrix, config, rise)))


def test_every_cell_is_a_configuration_that_differs_in_masking_and_folder_alone(matrix, tmp_path):
    twin = matrix.configuration("mlp8", 1, None, tmp_path, None)
    assert twin.masking is None
    assert twin.training.output.endswith("seed-1/none")
    folders = set()
    for fill, node in matrix.FILLS.items():
        for policy in matrix.POLICIES:
            config = matrix.configuration("mlp8", 1, (fill, policy), tmp_path, None)
            assert config.masking.fill == from_node(node)
            folders.add(config.training.output)
            alone = config.training.model_copy(update={"output": twin.training.output})
            assert config.model_copy(update={"masking": None, "training": alone}) == twin
    assert len(folders) == len(matrix.FILLS) * len(matrix.POLICIES)
    assert matrix.configuration("mlp8", 1, None, tmp_path, 5).training.epochs == 5


def test_columns_are_ratios_that_are_evaluated(matrix, tmp_path):
    evaluation = matrix.configuration("mlp8", 0, None, tmp_path, None).evaluation
    for pattern, ratio in matrix.COLUMNS.values():
        assert ratio in evaluation.ratios
        assert pattern is None or pattern < len(evaluation.patterns)


def test_numbers_stand_in_their_columns_and_the_twin_is_the_row_none(matrix, tmp_path):
    saved(matrix, tmp_path, 0, ("indicator-mean", "mix"))
    results = matrix.collect(tmp_path)["mlp8"]
    model, twin = results["indicator-mean", "mix"][0], results["indicator-mean", "none"][0]
    assert model["whole"] == pytest.approx(50)
    assert model["cells 75 %"] == pytest.approx(57.5)
    assert model["block 50 %"] == pytest.approx(55.1)
    assert model["3 columns of 8"] == pytest.approx(53.95)
    assert {column: model[column] - twin[column] for column in model} == pytest.approx(dict.fromkeys(model, 10.0))


def test_runs_of_different_length_are_not_mixed(matrix, tmp_path):
    saved(matrix, tmp_path, 0, ("black", "exact"))
    saved(matrix, tmp_path, 1, ("black", "exact"), epochs=3)
    with pytest.raises(SystemExit, match="other settings"):
        matrix.collect(tmp_path)


def test_what_is_finished_is_not_done_again(matrix, tmp_path, monkeypatch):
    monkeypatch.setattr("maskwright.train.run.train", lambda config: pytest.fail("trained"))
    saved(matrix, tmp_path, 0, ("black", "exact"))
    assert not matrix.run(matrix.configuration("mlp8", 0, ("black", "exact"), tmp_path, None))
    with pytest.raises(pytest.fail.Exception, match="trained"):
        matrix.run(matrix.configuration("mlp8", 0, ("black", "exact"), tmp_path, 7))


def outcome(matrix, effect, results):
    return matrix.outcomes([(effect, matrix.measured(effect, results))])[0][1]


@pytest.mark.parametrize(
    ("before", "seeds", "said"),
    [
        (5.0, [4.0, 4.4, 4.2], "again"),
        (10.0, [4.0, 4.4, 4.2], "again, less than half"),
        (-5.0, [4.0, 4.4, 4.2], "**reversed**"),
        (5.0, [4.0, -5.0, 4.0], "undecided"),
        (5.0, [1.0, 9.0, 5.0], "undecided"),  # the sign is right three times, and the error half as large as the mean
        (5.0, [4.0, 5.0], "undecided"),  # nine standard errors from 0, which two seeds reach by chance in 7 %
        (5.0, [0.0, 0.0], "undecided"),
        (1.0, [0.5, 0.5], "undecided"),  # that both agree in every picture is chance
        (5.0, [4.0], "one seed"),
    ],
)
def test_an_effect_is_tested_over_the_seeds(matrix, before, seeds, said):
    effect = matrix.Effect("", ("a", "x"), ("b", "x"), "whole", before)
    results = {
        ("a", "x"): dict(enumerate({"whole": 50 + d} for d in seeds)),
        ("b", "x"): {seed: {"whole": 50} for seed in range(3)},
    }
    assert outcome(matrix, effect, results) == said


@pytest.mark.parametrize(
    ("small", "said"), [(1.0, "again"), (3.0, "undecided"), (6.0, "**not again**"), (-2.0, "again")]
)
def test_little_is_a_third_of_the_effect_it_is_compared_with(matrix, small, said):
    effect = matrix.Effect("", ("a", "x"), ("b", "x"), "here", 0.6, "there")
    results = {
        ("a", "x"): {seed: {"here": small + seed / 5, "there": 10} for seed in range(3)},
        ("b", "x"): {seed: {"here": 0, "there": 0} for seed in range(3)},
    }
    assert outcome(matrix, effect, results) == said


def test_all_effects_of_a_page_share_one_error(matrix):
    """Where nothing has an effect, hardly any page says that something shows; one test alone would on most."""
    import numpy as np

    rng, effect = np.random.default_rng(0), matrix.EFFECTS[0]
    pages = alone = 0
    for _ in range(200):
        draws = rng.normal(size=(20, 3)) * 2
        cases = [(effect, matrix.Measured(*matrix.spread(seeds.tolist()), 3)) for seeds in draws]
        pages += any(said != "undecided" for _, said in matrix.outcomes(cases))
        alone += any(said != "undecided" for case in cases for _, said in matrix.outcomes([case]))
    assert pages <= 20
    assert alone > 80


def test_a_page_is_judged_anew_from_its_own_numbers(matrix, tmp_path):
    for seed in (0, 1, 2):
        for cell, rise in {("black", "exact"): 0.2, ("mean", "exact"): 0.3}.items():
            saved(matrix, tmp_path, seed, cell, rise=rise + seed / 100)
    page = matrix.written(tmp_path)
    again = matrix.rejudged(page)
    assert "The runs behind this page are gone" in again
    assert matrix.rejudged(again) == again
    tables = ([line.split("|") for line in text.splitlines() if line.startswith("|")] for text in (page, again))
    for before, after in zip(*tables, strict=True):
        assert before[:5] == after[:5]
        if len(before) == 8 and " 0." in before[5]:
            assert float(after[5]) >= float(before[5]), "the rounding speaks against an effect"
    assert "black: training on cells helps on cells | cells 50 % | +17.4 | +21.0 ± 0.6 | 0.00" in page


def test_effects_compare_cells_of_the_matrix(matrix):
    for effect in matrix.EFFECTS:
        for fill, policy in (effect.first, effect.second):
            assert fill in matrix.FILLS
            assert policy in ("none", *matrix.POLICIES)
        assert {effect.column, effect.least or effect.column} <= set(matrix.COLUMNS)


def test_means_and_standard_errors(matrix):
    assert matrix.shown([80.0, 82.0]) == "81.0 ± 1.0"
    assert matrix.shown([80.0]) == "80.0"
    assert matrix.shown([-1.0, -3.0], "+") == "-2.0 ± 1.0"


def test_the_page_has_a_row_for_every_cell_and_names_its_command(matrix, tmp_path):
    for seed in (0, 2):
        for cell in (("black", "exact"), ("mean", "exact")):
            saved(matrix, tmp_path, seed, cell, rise=0.1 + seed / 100)
    text = matrix.written(tmp_path)
    assert "--models mlp8 --seeds 0 2 --output" in text
    assert "| `black` | `none` | 2 | 39.0 ± 1.0 |" in text
    assert "| `mean` | `exact` | 2 | 50.0 ± 0.0 |" in text
    assert "30 epochs" in text
