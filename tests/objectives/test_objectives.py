"""Objectives by name, as a task allows them."""

import pickle

import pytest

from maskwright import objectives
from maskwright.errors import ConfigError, MaskwrightError
from maskwright.objectives import name_of, read
from maskwright.objectives.consistency import Consistency
from maskwright.objectives.supervised import Supervised


def test_every_objective_is_a_value_that_states_what_it_compares():
    assert set(objectives.names()) >= {"supervised", "consistency", "reconstruct"}
    for name in objectives.names():
        objective = read("any", (name,), name)
        assert name_of(objective) == name
        assert objective.views in (1, 2)
        assert objective.learns_hidden in (True, False)
        assert pickle.loads(pickle.dumps(objective)) == objective


def test_the_first_that_a_task_learns_is_the_default():
    assert read("t", ("supervised", "consistency"), None) == Supervised()
    assert read("t", ("consistency", "supervised"), None) == Consistency()


def test_nodes_are_names_mappings_or_objectives():
    allowed = ("supervised", "consistency")
    assert read("t", allowed, "consistency") == Consistency(1.0)
    assert read("t", allowed, {"consistency": {"weight": 2.5}}) == Consistency(2.5)
    assert read("t", allowed, {"consistency": 0.5}) == Consistency(0.5)
    assert read("t", allowed, Consistency(3.0)) == Consistency(3.0)


def test_unknown_objectives_are_refused_with_the_nearest_that_the_task_learns():
    with pytest.raises(ConfigError, match=r"there is no objective 'consistncy'\. Did you mean 'consistency'"):
        read("t", ("supervised", "consistency"), "consistncy")
    with pytest.raises(MaskwrightError, match="consistency"):
        read("t", ("supervised", "consistency"), {"consistncy": 1.0})


def test_objectives_that_a_task_does_not_learn_are_refused():
    with pytest.raises(ConfigError, match=r"objective: cats learns supervised or consistency, given 'reconstruct'"):
        read("cats", ("supervised", "consistency"), "reconstruct")
    with pytest.raises(ConfigError, match=r"cats learns supervised, given 'consistency'"):
        read("cats", ("supervised",), Consistency())


def test_weights_out_of_range_are_refused():
    with pytest.raises(MaskwrightError, match=r"weight.*-1"):
        read("t", ("consistency",), {"consistency": {"weight": -1}})
