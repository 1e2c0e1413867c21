"""Tasks in games that somebody else wrote, without a game: conditions, and what YAML may say."""

from __future__ import annotations

from pathlib import Path

import pytest

from environments.tasks.model import (
    Answered,
    Goal,
    Holds,
    Kept,
    Located,
    Said,
    Stage,
    Task,
    Together,
    Visited,
)
from environments.tasks.soundness import problems_in
from environments.tasks.suites import SUITES
from environments.tasks.suites.foreign import frozen_spec
from environments.tasks.verdict import Played, judge
from world_fixtures.common import UserError
from world_fixtures.facts import Arranged
from world_fixtures.foreign.source import content_of, read_source
from world_fixtures.protocol import Change, Event, ResultKind
from world_fixtures.state import WorldState, initial_state

SPEC = frozen_spec("tutorial_world")
AGENT = SPEC.agent.id


def event(
    raw: str, text: str = "", moves: tuple[str, ...] = (), verb: str = "x", args: str = ""
) -> Event:
    changes = [Change(entity=AGENT, field="location", before=None, after=m) for m in moves]
    return Event(
        seq=1, ts=0, instance="g1", session="g1.1", actor=AGENT, room="intro", raw=raw, verb=verb,
        args={"args": args} if args else {}, objects=(), text=text, kind=ResultKind.OK,
        changes=tuple(changes), state_hash="", ms=0,
    )  # fmt: skip


def degree(condition: object, events: list[Event], state: WorldState) -> float:
    goal = Goal(name="it", condition=condition)  # type: ignore[arg-type]
    task = Task(
        id="t", family="errand", kind="own", difficulty=1, seed=0, spec=SPEC,  # type: ignore[arg-type]
        stages=(Stage(prompt="", goals=(goal,), walkthrough=()),),
    )  # fmt: skip
    return judge(task, [Played(events, state)], {"a": "yes"}).goals["it"]


START = initial_state(SPEC)
CLUB = {"key": "Club", "location": AGENT, "tags": ["loot:found"]}
RENAMED = START.arranged([Arranged("obelisk", "key", "x")])
GONE = START.arranged([Arranged("obelisk", "gone", True)])
ARMED = START.model_copy(update={"entities": START.entities | {"club": CLUB}})


@pytest.mark.parametrize(
    ("condition", "state", "met"),
    [
        (Located(entity="key=club", place=AGENT), ARMED, 1),
        (Located(entity="tags=LOOT:found", place="key=wanderer"), ARMED, 1),
        (Located(entity="key=club", place=AGENT), START, 0),
        (Holds(entity="club", field="key", value="Club"), ARMED, 1),
        (Kept(entity="typeclass=Mob"), ARMED, 1),
        (Kept(entity="obelisk"), RENAMED, 0),
        (Kept(entity="obelisk", fields=("location",)), RENAMED, 1),
        (Kept(entity="obelisk"), GONE, 0),
    ],
)  # fmt: skip
def test_conditions_of_state_name_things_by_their_fields(
    condition: object, state: WorldState, met: float
) -> None:
    assert degree(condition, [event("look")], state) == met


@pytest.mark.parametrize(
    ("events", "met"),
    [
        ([event("read sign", "It  SAYS: mortal\nblade.")], 1),
        ([event("say mortal blade", 'You say, "mortal blade"')], 0),
        ([event("setdesc a mortal blade"), event("look me", "a mortal blade")], 0),
        ([event("read sign", "nothing")], 0),
        ([event("say mor|ntal bl|rade", 'You say, "mortal blade"')], 0),
        ([event("say mortal|_blade", 'You say, "mortal blade"')], 0),
        ([event("say m|nortal|_bl|nade|_mortal", "mortal blade mortal")], 0),
        ([event("mortal\x01blade", "Command 'mortal blade' is not available.")], 0),
        ([event("pose mor{you: <0.0}tal blade", "Wanderer mortal blade")], 0),
        ([event("pose mortal $conj(blade)", "Wanderer mortal blade")], 0),
        ([event("zz blade", 'You say, "mortal blade"', args="mortal blade")], 0),
        (
            [
                event("nick/object z $1=mort$1de", verb="nick"),
                event("look z al bla", "mortal blade"),
            ],
            0,
        ),
        ([event("say a blade is no mortal foe"), event("read sign", "mortal blade")], 1),
        ([event("pay $5 to barkeep"), event("read sign", "mortal blade")], 1),
        ([event("memorytablet lbxlaxdxe"), event("read sign", "mortal blade")], 1),
    ],
)
def test_what_the_agent_typed_itself_was_not_said(events: list[Event], met: float) -> None:
    assert degree(Said(text="Mortal blade"), events, START) == met
    both = Together(conditions=(Said(text="Mortal blade"), Answered(field="a", expected=("yes",))))
    assert degree(both, events, START) == met


def test_rooms_between_count_as_visited() -> None:
    way = [event("run", moves=("intro", "cliff_by_the_coast", "the_old_bridge"))]
    assert degree(Visited(rooms=("cliff_by_the_coast", "the_old_bridge")), way, START) == 1
    assert degree(Visited(rooms=("the_old_bridge", "intro")), way, START) == 0


LOCATED = {"type": "located", "entity": "oblisk", "place": "intro"}
TOLD = {"type": "told", "person": "barkeep", "text": "x"}


def test_a_task_in_a_game_is_told_what_it_cannot_say() -> None:
    data = {
        "stages": [
            {
                "before": [["nobody", "location", "intro"]],
                "goals": [
                    {"name": "a", "condition": LOCATED},
                    {"name": "b", "condition": TOLD},
                ],
                "unchanged": {"free": ["obelisk"]},
                "walkthrough": [{"tool": "submit"}],
            }
        ]
    }  # fmt: skip
    told = "\n".join(problem.message for problem in problems_in(data, SPEC))
    assert "there is no entity 'nobody'" in told
    assert "there is no entity 'oblisk' in this world (did you mean 'obelisk'?)" in told
    assert "'told' is not for a game" in told
    assert "a goal of type `unchanged` says what may not" in told


def test_the_suite_is_for_testing_and_needs_no_game() -> None:
    tasks = SUITES["foreign"].verify().tasks
    assert len(tasks) == 60
    assert {task.split for task in tasks} == {"test"}
    assert {task.difficulty for task in tasks} == {1, 2, 3}


def test_a_source_is_known_by_what_it_is_made_of(tmp_path: Path) -> None:
    conf = tmp_path / "mygame" / "server" / "conf"
    conf.mkdir(parents=True)
    (conf / "settings.py").write_text("A = 1\n")
    source = read_source({"game": "mygame"}, tmp_path)
    first = content_of(source)
    (tmp_path / "mygame" / "server" / "logs").mkdir()
    (tmp_path / "mygame" / "server" / "logs" / "server.log").write_text("noise")
    assert content_of(source) == first
    assert content_of(read_source({"game": "mygame", "prepare": ["look"]}, tmp_path)) != first
    (conf / "settings.py").write_text("A = 2\n")
    assert content_of(source) != first
    with pytest.raises(UserError, match=r"there is no game 'tutorial_wrld' \(did you mean"):
        read_source({"game": "tutorial_wrld"}, tmp_path)
    with pytest.raises(UserError, match="is no game directory"):
        read_source({"game": "."}, tmp_path)
