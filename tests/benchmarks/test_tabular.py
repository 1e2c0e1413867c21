"""The tabular benchmark: graphs of tasks, and learners on them."""

from __future__ import annotations

import random
import xml.etree.ElementTree as ET
from functools import cache

import pytest

from benchmarks.tabular import BRANCHES, CHECKS, METHODS, Learner, area, curve
from benchmarks.tabular_plot import Curve, curves_plot
from benchmarks.tabular_tasks import END, Graph, Node
from environments.tasks.build import make_task
from environments.tasks.model import Family

pytestmark = pytest.mark.once


@cache
def graph() -> Graph:
    return Graph(make_task(Family.INSPECTION, 4, 1, "read"))


def followed(graph: Graph, commands: list[str]) -> Node:
    node = graph.start
    for command in commands:
        after = dict(graph.actions(node))[command]
        assert after is not None
        node = after
    return node


def walkthrough() -> list[str]:
    return [s.command for s in graph().task.stages[0].walkthrough if s.tool == "command"]


def test_the_walkthrough_leads_to_where_submitting_succeeds():
    commands = walkthrough()
    assert followed(graph(), commands).solved
    assert not followed(graph(), commands[:-1]).solved
    assert dict(graph().actions(graph().start))[END] is None


def test_the_same_state_is_the_same_node_however_it_was_reached():
    assert followed(graph(), ["east", "west"]) is graph().start


def test_the_potential_is_0_where_the_budget_is_too_short():
    budget = graph().task.budget
    assert graph().potential(graph().start, 0) == pytest.approx(1 - 4 / budget)
    assert graph().potential(graph().start, budget - 3) == 0


@pytest.mark.parametrize("method", METHODS)
def test_learning_changes_what_is_done_and_counts_every_command(method):
    learner = Learner(graph(), 1.0, random.Random(method))
    before = learner.play(graph().start)
    learner.spent = 0
    METHODS[method](learner)
    assert len(before[0]) <= graph().task.budget + 1
    assert learner.spent > (BRANCHES if method == "branches" else 0)


def test_success_comes_with_practice_and_follows_from_the_seed():
    found = curve("turns", graph(), 10.0, 0, 600)
    assert len(found) == CHECKS + 1
    assert found[-1] > 0.8 > found[0]
    assert found == curve("turns", graph(), 10.0, 0, 600)


def test_the_area_is_that_of_trapezia():
    assert area([0.0, 1.0, 1.0]) == 0.75


def test_the_plot_is_svg_with_a_line_for_each_method():
    curves = [Curve(n, [[0, 0.5], [0.1, 0.7]], 0.3, [0.2, 0.4]) for n in ("one", "two")]
    root = ET.fromstring(curves_plot(curves, 100))
    assert len(root.findall("{http://www.w3.org/2000/svg}polyline")) == 2
