"""A rollout as it was between two model calls, made from its record: what playing on needs. Pure.

The record of a rollout says what the model was told and said, and every change of the world, so
any turn of it can be the beginning of another rollout, without the world server it was played in.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import GetPydanticSchema

from environments.rollouts.messages import Message
from environments.rollouts.record import Rollout, StopReason, ToolCallRecord
from environments.tasks.model import Task
from environments.tasks.verdict import Played, commands_of
from environments.tasks.version import TASKS_VERSION
from world_fixtures.common import Frozen, UserError, WorldLost
from world_fixtures.facts import Arranged
from world_fixtures.protocol import ARRANGE, CONNECT, Event, group_end
from world_fixtures.state import WorldState, initial_state

_AnyMessage = Annotated[Message, GetPydanticSchema(lambda _, handler: handler(dict[str, Any]))]


class Checkpoint(Frozen):
    """A rollout after `turn` model calls and what their tool calls did."""

    rollout: str
    """Id of the rollout that it was made from."""
    task: Task
    turn: int
    """Model calls made, of all stages; 0 is the start."""
    stage: int
    """Number of the present stage, from 0."""
    conversations: tuple[tuple[_AnyMessage, ...], ...]
    """One a stage that was begun; the last is to be continued."""
    tool_calls: tuple[ToolCallRecord, ...]
    events: tuple[Event, ...]
    """Of all characters, in order."""
    commands: int
    """Of the agent, of the task's budget."""
    connected: bool
    """Whether the agent has a session in the world."""
    sessions: int
    """Sessions that the agent has opened."""

    @property
    def events_by_stage(self) -> list[list[Event]]:
        """The agent's events in order, one list a stage that was begun."""
        agent = self.task.spec.agent.id
        found: list[list[Event]] = [[] for _ in range(self.stage + 1)]
        # a call may have caused events before the one that it names
        caused = iter([(c.event, c.stage) for c in self.tool_calls if c.event is not None])
        last, stage = next(caused, (0, 0))
        for event in self.events:
            if event.cause is None:
                while event.seq > last and (following := next(caused, None)) is not None:
                    last, stage = following
            if event.actor == agent:
                found[stage].append(event)
        return found

    def played(self) -> list[Played]:
        """Return what there is to judge of the stages that are over.

        Raises WorldLost where the record of changes does not give the recorded states.
        """
        by_stage = self.events_by_stage
        ends = {
            group_end(events[-1].seq, (e.cause for e in self.events[events[-1].seq :])): n
            for n, events in enumerate(by_stage)
            if events
        }
        state = initial_state(self.task.spec)
        states: dict[int, WorldState] = {}
        for event in self.events:
            state = state.arranged(
                Arranged(c.entity, c.field, _plain(c.after)) for c in event.changes
            )
            if event.seq in ends:
                states[ends[event.seq]] = state
                if event.state_hash not in ("", state.hash):
                    raise WorldLost(
                        f"the changes recorded of {self.rollout} do not give the state after event"
                        f" {event.seq}"
                    )
        starts = self.starts()
        return [Played(by_stage[n], states[n], starts[n]) for n in range(self.stage)]

    def starts(self) -> list[WorldState | None]:
        """Return the state in which each begun stage began, where others act between the stages."""
        stages = self.task.stages[: self.stage + 1]
        if not self.task.spec.goes_on:
            return [None] * len(stages)
        state = initial_state(self.task.spec)
        found: list[WorldState] = []
        arranging = 0
        for n, event in enumerate(self.events):
            state = state.arranged(
                Arranged(c.entity, c.field, _plain(c.after)) for c in event.changes
            )
            if event.verb == ARRANGE:
                arranging = event.seq
            following = self.events[n + 1] if n + 1 < len(self.events) else None
            if arranging and (following is None or following.cause != arranging):
                found.append(state)
                arranging = 0
        arranged = iter(found)
        return [next(arranged) if stage.before else None for stage in stages]


def checkpoint(rollout: Rollout, turn: int) -> Checkpoint:
    """Return `rollout` as it was after `turn` model calls, before the next one.

    Where that turn ended a stage, the next stage has begun. Raises UserError where the rollout has
    no such turn, or nothing can follow it.
    """
    _check(rollout, turn)
    conversations = _until(rollout.conversations, turn)
    stage = len(conversations) - 1
    calls = [c for c in rollout.tool_calls if c.turn <= turn]
    connected = _connected(calls, stage)
    if turn == rollout.turns and stage < len(rollout.task.stages) - 1 and _left(calls, stage):
        raise UserError(
            f"rollout {rollout.id!r} ended a stage with turn {turn} and did not begin the next:"
            f" choose a turn up to {turn - 1}"
        )
    events = _events(rollout, calls, stage)
    agent = rollout.task.spec.agent.id
    return Checkpoint.model_construct(
        rollout=rollout.id, task=rollout.task, turn=turn, stage=stage,
        conversations=tuple(map(tuple, conversations)), tool_calls=tuple(calls),
        events=tuple(events), commands=len(commands_of(events, agent)), connected=connected,
        sessions=sum(e.actor == agent and e.verb == CONNECT for e in events),
    )  # fmt: skip


def moved(
    events: Sequence[Event], instance: str, agent: str, session: str | None = None
) -> list[Event]:
    """Return the events of one instance as those of another that goes on from them.

    `session` is the open session of `agent` there, where it has one: its last one here. Those that
    are over get names that the other instance gives no session.
    """
    over = dict.fromkeys(e.session for e in events if e.session)
    names = {"": ""} | {name: f"{instance}.0.{n}" for n, name in enumerate(over, start=1)}
    own = [e.session for e in events if e.actor == agent and e.session]
    if session is not None and own:
        names[own[-1]] = session
    return [
        e.model_copy(update={"instance": instance, "session": names[e.session]}) for e in events
    ]


def _check(rollout: Rollout, turn: int) -> None:
    """Raise UserError where nothing can follow this turn."""
    name = f"rollout {rollout.id!r}"
    if rollout.task.version != TASKS_VERSION:
        raise UserError(
            f"{name} is of tasks version {rollout.task.version}, and these rules are of version"
            f" {TASKS_VERSION}: it can be read and not played on"
        )
    if not rollout.conversations:
        raise UserError(f"{name} failed before its first turn: there is nothing to go on from")
    last = last_turn(rollout)
    if not 0 <= turn <= last:
        ended = f"it ended at turn {rollout.turns} ({rollout.stop.value})"
        raise UserError(
            f"{name} cannot go on from turn {turn}: {ended}, so choose one from 0 to {last}"
        )


def last_turn(rollout: Rollout) -> int:
    """Return the last turn that a rollout can go on from, where nothing else forbids it."""
    over = rollout.stop in (StopReason.SUBMITTED, StopReason.FINISHED, StopReason.WORLD)
    return max(0, rollout.turns - over)  # over, or without a world


def _until(conversations: Sequence[Sequence[Message]], turn: int) -> list[list[Message]]:
    """Return the messages before the model call that follows `turn` others."""
    kept: list[list[Message]] = []
    for conversation in conversations:
        kept.append([])
        for message in conversation:
            if message.get("role") == "assistant":
                if not turn:
                    return kept
                turn -= 1
            kept[-1].append(message)
    return kept


def _connected(calls: Sequence[ToolCallRecord], stage: int) -> bool:
    """Tell whether the agent is in the world; every stage begins outside."""
    connected = False
    for call in calls:
        if call.stage == stage and call.error is None:
            if call.name == "evennia_connect":
                connected = True
            elif call.name == "evennia_disconnect":
                connected = False
    return connected


def _left(calls: Sequence[ToolCallRecord], stage: int) -> bool:
    """Tell whether the agent has disconnected in this stage."""
    return any(
        c.stage == stage and c.name == "evennia_disconnect" and c.error is None for c in calls
    )


def _events(rollout: Rollout, calls: Sequence[ToolCallRecord], stage: int) -> list[Event]:
    """Return the events until then: those of `calls`, and what came before the present stage."""
    caused = [c for c in calls if c.event is not None]
    last, begun = (caused[-1].event or 0, caused[-1].stage) if caused else (0, -1)
    agent = rollout.task.spec.agent.id
    found: list[Event] = []
    for event in rollout.events:
        caused_by = event.cause or event.seq  # a command and what followed from it stay together
        if caused_by > last and (event.actor == agent or begun == stage):
            break
        found.append(event)
    if [e.seq for e in found] != list(range(1, len(found) + 1)):
        raise UserError(
            f"rollout {rollout.id!r} does not hold every event of its world, so its states are not"
            " known: choose another"
        )
    return found


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value
