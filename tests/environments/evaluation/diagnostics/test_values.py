"""Each diagnostic of a trace made by hand, whose value is known."""

from __future__ import annotations

import pytest

from environments.evaluation.diagnostics import diagnose, rollout_diagnostics
from environments.evaluation.diagnostics.coverage import shortest_tour
from environments.evaluation.diagnostics.horizon import horizon, progress
from environments.evaluation.diagnostics.recall import recalls
from environments.evaluation.diagnostics.trace import Trace
from environments.tasks.model import Answered, Evidence, Goal, Located, Present, Stage, Step
from world_fixtures.facts import Arranged

READING = ("read letter", "east", "read board")
RIGHT = {"year": 1742, "number": 7}


def values(rollout, **given):
    return rollout_diagnostics(rollout, **given)


def test_facts_used_after_the_wipe_are_recalled_with_their_ages(kit) -> None:
    changed = (Arranged("letter", "location", None), Arranged("board", "inscriptions", ["8"]))
    task = kit.task(before=changed)
    played = kit.play(task, READING, ("wait", "wait"), answer={"year": 1742, "number": 8})
    year, number = recalls(Trace.of(played))
    assert (year.used, year.commands, year.stages, year.overwrites) == (True, 4, 1, 0)
    assert (number.used, number.commands, number.stages, number.overwrites) == (False, 2, 1, 1)
    found = values(played)
    assert found["exposed_recall"] == 0.5
    assert found["exposed_recall/overwrites_0"] == 1.0
    assert found["exposed_recall/overwrites_1"] == 0.0
    assert found["exposed_recall/commands_0-9"] == 0.5
    assert found["exposed_recall/conversations_1"] == 0.5


def test_a_fact_that_the_last_conversation_shows_again_is_no_recall(kit) -> None:
    played = kit.play(kit.task(), READING, ("read board",), answer=RIGHT)
    assert [one.field for one in recalls(Trace.of(played))] == ["year"]


@pytest.mark.parametrize(("moved", "fields"), [("gate", ["from"]), ("chest", [])])
def test_where_something_was_is_recalled_though_its_place_is_seen_again(kit, moved, fields) -> None:
    """What the last conversation shows is that it is there no more; unmoved, it shows it again."""
    task = kit.task(before=(Arranged("ring", "location", moved),))
    seen = Evidence(field="from", entity="chest", fact="contents")
    answered = Goal(name="from", condition=Answered(field="from", expected=("oak chest",)))
    first, second = task.stages
    stages = (
        first.model_copy(update={"evidence": (seen,)}),
        second.model_copy(update={"goals": (answered,)}),
    )
    task = task.model_copy(update={"stages": stages})
    looks = ("east", "look in chest")
    played = kit.play(task, looks, ("look in chest",), answer={"from": "oak chest"})
    found = recalls(Trace.of(played))
    assert [one.field for one in found] == fields
    assert [(one.used, one.overwrites) for one in found] == [(True, 1)] * len(fields)


def test_only_waiting_recalls_nothing_whatever_it_answers(kit) -> None:
    waits = ["wait"] * 20
    assert "exposed_recall" not in values(kit.play(kit.task(), waits, waits, answer=RIGHT))
    task = kit.task(kit.world(kit.living()))
    assert "exposed_recall" not in values(kit.play(task, waits, waits, answer=RIGHT))


def test_only_waiting_after_seeing_scores_0_without_the_answer(kit) -> None:
    assert values(kit.play(kit.task(), READING, ["wait"] * 20))["exposed_recall"] == 0.0


def test_a_command_on_what_others_changed_unseen_is_stale_until_it_is_seen(kit) -> None:
    taken = (Arranged("ring", "location", "chapel"),)
    commands = (
        "east", "look in chest", taken, "get ring from chest", "get ring", "west", "east",
        "look in chest", "get ring from chest",
    )  # fmt: skip
    found = values(kit.play(kit.one_stage(), commands))
    assert found["stale_beliefs"] == pytest.approx(2 / 8)
    assert found["stale_recovery"] == 4.0


def test_a_timetable_that_locks_a_door_out_of_sight_makes_a_belief_stale(kit) -> None:
    spec = kit.world(kit.living(timetables=(kit.timetable(opens=0, shuts=4),)))
    commands = ("east", "east", "x oak door", "west", "east", "open oak door", "x oak door",
                "open oak door")  # fmt: skip
    found = values(kit.play(kit.one_stage(spec), commands))
    assert found["stale_beliefs"] == pytest.approx(1 / 8)
    assert found["stale_recovery"] == 1.0


def test_lines_and_hands_are_believed_together(kit) -> None:
    longer = (Arranged("board", "inscriptions", ["8", "9"]), Arranged("board", "hands", ["", ""]))
    wiped = (Arranged("board", "inscriptions", []), Arranged("board", "hands", []))
    commands = ("east", "read board", longer, "dance", wiped, "read board", "examine board")
    found = values(kit.play(kit.one_stage(), commands))
    assert found["stale_beliefs"] == pytest.approx(1 / 5)


def test_what_is_changed_before_the_agents_eyes_is_no_stale_belief(kit) -> None:
    spec = kit.world(kit.living(timetables=(kit.timetable(opens=0, shuts=4),)))
    commands = ("east", "east", "x oak door", "wait", "open oak door")
    assert "stale_beliefs" not in values(kit.play(kit.one_stage(spec), commands))


def test_what_somebody_took_in_its_absence_is_seen_on_coming_back(kit) -> None:
    commands = ("east", "wait", "wait", "wait", "west", "get lamp")
    found = values(kit.play(kit.one_stage(kit.fetching()), commands))
    assert found["stale_beliefs"] == 0.0
    assert "stale_recovery" not in found


def test_own_mistakes_are_no_stale_beliefs(kit) -> None:
    commands = ("get lamp", "drop lamp", "get ring", "north", "dance")
    assert "stale_beliefs" not in values(kit.play(kit.one_stage(), commands))


def test_rereads_of_unchanged_sources(kit) -> None:
    once = kit.play(kit.task(), ("read letter", "read letter", "east", "read board"), ())
    assert values(once)["redundant_searches"] == pytest.approx(1 / 3)
    assert values(once)["reread_after_wipe"] == 0.0
    later = kit.play(kit.task(), READING, ("read board", "read board"))
    assert values(later)["redundant_searches"] == pytest.approx(1 / 4)
    assert values(later)["reread_after_wipe"] == pytest.approx(1 / 4)


def test_what_was_changed_is_read_anew(kit) -> None:
    rewritten = (Arranged("board", "inscriptions", ["9"]),)
    back = (Arranged("board", "inscriptions", ["7"]),)
    commands = ("east", "read board", rewritten, "read board", back, "read board")
    assert values(kit.play(kit.one_stage(), commands))["redundant_searches"] == 0.0


def test_reading_ones_own_new_note_after_a_wipe_is_no_reread(kit) -> None:
    played = kit.play(kit.task(), ("read letter", "write 1742 on pad"), ("read pad",))
    assert values(played)["reread_after_wipe"] == 0.0


def test_loops_repeat_a_command_in_an_equal_state_for_nothing(kit) -> None:
    commands = ("north", "north", "east", "west", "north", "read letter", "Read  letter")
    assert values(kit.play(kit.one_stage(), commands))["loop_rate"] == pytest.approx(3 / 7)


def test_a_command_repeated_in_another_state_or_conversation_is_no_loop(kit) -> None:
    commands = ("get lamp", "get lamp", "drop lamp", "get lamp")
    assert values(kit.play(kit.one_stage(), commands))["loop_rate"] == 0.0
    task = kit.task(before=())
    assert values(kit.play(task, ("read letter",), ("read letter",)))["loop_rate"] == 0.0


def test_waiting_in_a_world_with_time_is_no_loop(kit) -> None:
    timed = kit.one_stage(kit.world(kit.living()))
    assert values(kit.play(timed, ["wait"] * 5))["loop_rate"] == 0.0
    assert values(kit.play(kit.one_stage(), ["wait"] * 5))["loop_rate"] == pytest.approx(4 / 5)
    assert values(kit.play(timed, ["north"] * 5))["loop_rate"] == pytest.approx(4 / 5)


def test_coverage_is_1_on_the_shortest_tour_and_less_after_a_delay(kit) -> None:
    task = kit.one_stage()  # four rooms in a row, a budget of 20
    assert values(kit.play(task, ("east", "east", "east")))["coverage"] == 1.0
    tour = 21 + 20 + 19 + 18
    late = kit.play(task, ("look", "look", "east"))
    assert values(late)["coverage"] == pytest.approx((21 + 18) / tour)
    assert values(kit.play(task, ()))["coverage"] == pytest.approx(21 / tour)


def test_the_shortest_tour_of_a_row_walked_from_its_middle(kit) -> None:
    assert shortest_tour(kit.world(), "court") == {"court": 0, "gate": 1, "archive": 3, "chapel": 4}


def test_progress_counts_facts_and_goals_when_they_are_reached(kit) -> None:
    goals = {"year": 1.0, "number": 0.0}
    played = kit.play(kit.task(), READING, ("wait",), answer={"year": 1742}, goals=goals)
    assert progress(Trace.of(played)) == [0.0, 0.25, 0.25, 0.5, 0.75]
    walked = kit.play(kit.one_stage(), ("look", "east", "east", "east"), goals={"there": 1.0})
    assert progress(Trace.of(walked)) == [0.0, 0.0, 0.0, 0.0, 1.0]


def test_the_horizon_is_the_last_command_with_more_to_come_than_random_gains() -> None:
    assert horizon([0.0, 0.5, 0.5, 1.0, 1.0], [[0.0, 0.0]]) == 3
    assert horizon([0.0, 0.5, 0.5, 0.6], [[0.0, 0.0, 0.0, 0.2]]) == 1
    assert horizon([0.0, 0.0], [[0.0, 0.5]]) == 0
    assert horizon([0.0, 1.0], []) is None


def test_the_horizon_of_a_trace_is_read_beside_a_random_one(kit) -> None:
    task = kit.one_stage()
    won = kit.play(task, ("look", "east", "east", "east", "look"), goals={"there": 1.0})
    lost = kit.play(task, ("look", "look"), goals={"there": 0.0}, name="random")
    found = diagnose([won], {"random": [lost]})["meaningful_horizon"]
    assert (found.measure.mean, found.beside["random"].mean) == (4.0, 0.0)
    assert diagnose([won])["meaningful_horizon"].measure is None


def test_a_belief_that_is_never_corrected_is_stale_to_the_end(kit) -> None:
    taken = (Arranged("ring", "location", "chapel"),)
    commands = ("east", "look in chest", taken, "get ring from chest", "east", "west")
    assert values(kit.play(kit.one_stage(), commands))["stale_recovery"] == 2.0


def test_lateness_at_a_machine_and_at_a_door(kit) -> None:
    timed = kit.one_stage(kit.world(kit.living()))
    late = kit.play(timed, ("start kiln", "east", "wait 6", "west"))  # done at 5, back at 9
    assert (values(late)["earliness"], values(late)["lateness"]) == (0.0, 4.0)
    early = kit.play(timed, ("start kiln", "east", "west", "wait 4"))  # back at 3
    assert (values(early)["earliness"], values(early)["lateness"]) == (2.0, 0.0)
    stays = kit.play(timed, ("start kiln", "wait 9"))
    assert (values(stays)["earliness"], values(stays)["lateness"]) == (0.0, 0.0)
    shut = kit.living(timetables=(kit.timetable(opens=0, shuts=4),))
    refused = kit.play(kit.one_stage(kit.world(shut)), ("east", "east", "wait 5", "east"))
    assert (values(refused)["earliness"], values(refused)["lateness"]) == (0.0, 3.0)
    assert "lateness" not in values(kit.play(kit.one_stage(), ("east", "east")))


@pytest.mark.parametrize(
    ("by", "early", "late"), [(5, 3, 0), (2, 0, 0), (1, 0, 1)], ids=["early", "in time", "late"]
)
def test_a_goal_with_a_last_tick_is_a_deadline(kit, by, early, late) -> None:
    goal = Goal(name="lamp", condition=Located(entity="lamp", place="court"), by=by)
    stage = Stage(prompt="Bring it.", goals=(goal,), walkthrough=(Step(tool="submit"),))
    task = kit.one_stage(kit.world(kit.living()), stages=(stage,))
    found = values(kit.play(task, ("get lamp", "east", "drop lamp")))  # dropped at tick 2
    assert (found["earliness"], found["lateness"]) == (early, late)


@pytest.mark.parametrize(("waits", "early", "late"), [(1, 2, 0), (4, 0, 0), (9, 0, 3)])
def test_an_appointment_is_a_deadline(kit, waits, early, late) -> None:
    there = Present(room="court", begins=4, ends=8, day=40)
    goal = Goal(name="meets", condition=there)
    stage = Stage(prompt="Be there.", goals=(goal,), walkthrough=(Step(tool="submit"),))
    task = kit.one_stage(kit.world(kit.living()), stages=(stage,))
    found = values(kit.play(task, (f"wait {waits}", "east")))
    assert (found["earliness"], found["lateness"]) == (early, late)


def test_memory_value_is_paired_success_with_and_without_notes(kit) -> None:
    def runs(won):
        return [
            kit.play(kit.task(id=f"t{n}"), (), (), goals={"year": float(n in won)}, name=f"r{n}")
            for n in range(4)
        ]

    notes = {"wiped": runs({0}), "swapped": runs({0, 1, 2})}
    found = diagnose(runs({0, 1, 2}), notes=notes)
    wiped = found["memory_value_wiped"].measure
    assert (wiped.mean, wiped.tasks) == (0.5, 4)
    assert wiped.ci95[0] < 0.5 < wiped.ci95[1]
    assert found["memory_value_swapped"].measure.mean == 0.0


def test_what_cannot_be_measured_is_said_so(kit) -> None:
    found = diagnose([kit.play(kit.one_stage(), ("east",))])
    assert found["coverage"].measure.n == 1
    assert found["exposed_recall"].measure is None
    assert found["meaningful_horizon"].measure is None
    assert all(d.definition and d.source for d in found.values())


def test_rollouts_without_a_verdict_count_nowhere(kit) -> None:
    failed = kit.play(kit.one_stage(), ("east",)).model_copy(update={"verdict": None})
    assert all(d.measure is None for d in diagnose([failed]).values())
