"""Passing time: what follows from a command before the next one is given."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from world_fixtures.facts import Arranged, Fact
from world_fixtures.living import CLOCK, MOST_TICKS, PASSES
from world_fixtures.protocol import Change, ResultKind
from world_fixtures.rules import handling
from world_fixtures.rules.act import perform
from world_fixtures.rules.clock import due
from world_fixtures.rules.grammar import Parsed
from world_fixtures.rules.outcome import Happening, Outcome, arranged
from world_fixtures.rules.people import intention, typed
from world_fixtures.rules.scene import Scene, SpecIndex, StateReader
from world_fixtures.rules.witness import LINES, Sight, remembered, sights, watchers

INSTANT = frozenset(("help", "time", "who"))
"""Verbs that take no time."""


def take_time(index: SpecIndex, state: StateReader, actor: str, outcome: Outcome) -> None:
    """Add to an outcome, before it is made, what every command does in a world with time.

    The clock goes on if it was carried out. The actor is told first what others did since its last
    command. Others who are there see the deed.
    """
    if outcome.verb in INSTANT:
        outcome.ticks = 0
    if outcome.kind is ResultKind.OK:
        outcome.changes += tuple(_witnessed(index, state, actor, outcome))
        if outcome.ticks:
            now = state.get(CLOCK, "tick")
            later = Change(entity=CLOCK, field="tick", before=now, after=now + outcome.ticks)
            outcome.changes += (later,)
    noticed = state.get(actor, "noticed")
    if noticed:
        change = Change(entity=actor, field="noticed", before=noticed, after=[])
        outcome.changes += (change,)
        outcome.text = "\n".join([*noticed, outcome.text])


def _witnessed(
    index: SpecIndex, state: StateReader, actor: str, outcome: Outcome
) -> Iterator[Change]:
    """Yield what changes in those who see a command of a character that is played."""
    seen = sights(Scene(index, state, actor), outcome)
    rooms = [sight.room for sight in seen] or [state.get(actor, "location")]
    yield from remembered(index, state, outcome, rooms)
    yield from _noticed(index, state, seen, {actor})


def consequences(
    index: SpecIndex, state: StateReader, actor: str, outcome: Outcome
) -> Iterator[Happening]:
    """Yield what happens in the ticks that a command has taken; whoever asks makes the changes.

    The changes of each must be made before the next is asked for. At the end the text and the
    facts of `outcome` hold what `actor` saw of it all. `actor` is empty where nobody gave the
    command.
    """
    passed = next((c for c in outcome.changes if c.entity == CLOCK), None)
    if passed is None:
        return
    lines: list[str] = []
    facts: list[Fact] = []
    followed = outcome.objects[0] if outcome.verb == "follow" and outcome.objects else ""
    for tick in range(passed.before + 1, passed.after + 1):
        for happening, seen in _of_tick(index, state, tick):
            own = state.get(actor, "location") if actor else None
            told = [s for s in seen if s.room == own and not _blind(index, state, actor)]
            lines += [sight.line for sight in told]
            facts += [fact for sight in told for fact in sight.facts]
            if actor:
                noticed = _noticed(index, state, seen, {actor, happening.actor})
                happening.outcome.changes += tuple(noticed)
            yield happening
            if happening.actor == followed and told:
                yield from _along(index, state, actor, happening, lines, facts)
    outcome.text = "\n".join(filter(None, (outcome.text, *lines)))
    outcome.reveals += tuple(facts)


def absence(index: SpecIndex, state: StateReader, ticks: int) -> Outcome:
    """Return the outcome of so many ticks that pass by no command; `consequences` has the rest.

    Raises ValueError where there is no time to pass, or too much.
    """
    now = state.get(CLOCK, "tick")
    if now is None:
        raise ValueError("no time passes in this world: its spec has no `living`")
    if type(ticks) is not int or not 0 < ticks <= MOST_TICKS:
        raise ValueError(f"1 to {MOST_TICKS} ticks can pass")
    return arranged([Change(entity=CLOCK, field="tick", before=now, after=now + ticks)])


def rearranged(changes: Iterable[Change]) -> list[Arranged]:
    """Return what to arrange so that the changes of an arrangement are made again.

    Its clock goes on by the passing of ticks, from which the same follows.
    """
    return [
        Arranged(CLOCK, PASSES, change.after - change.before)
        if change.entity == CLOCK
        else Arranged(change.entity, change.field, change.after)
        for change in changes
    ]


def _blind(index: SpecIndex, state: StateReader, actor: str) -> bool:
    return Scene(index, state, actor).is_dark()


def _of_tick(
    index: SpecIndex, state: StateReader, tick: int
) -> Iterator[tuple[Happening, list[Sight]]]:
    for happening, seen in due(index, state, tick):
        rooms = [sight.room for sight in seen]
        happening.outcome.changes += tuple(remembered(index, state, happening.outcome, rooms))
        yield happening, seen
    for person in index.acting(tick):
        scene = Scene(index, state, person.id)
        command = intention(scene, person, tick)
        if command is None:
            continue
        outcome = perform(scene, command)
        if outcome.kind is not ResultKind.OK:
            continue
        room = scene.room
        seen = sights(scene, outcome)
        rooms = [sight.room for sight in seen] or [room]
        outcome.changes += tuple(remembered(index, state, outcome, rooms))
        yield Happening(person.id, room, typed(command), outcome), seen


def _noticed(
    index: SpecIndex, state: StateReader, seen: list[Sight], but: set[str]
) -> Iterator[Change]:
    """Yield what is kept for those who are played and give no command now."""
    if len(index.played) == 1:
        return
    for sight in seen:
        for character in watchers(index, state, sight.room, ""):
            if character in index.played and character not in but:
                before = state.get(character, "noticed")
                after = [*before, sight.line][-LINES:]
                yield Change(entity=character, field="noticed", before=before, after=after)


def _along(
    index: SpecIndex,
    state: StateReader,
    actor: str,
    ahead: Happening,
    lines: list[str],
    facts: list[Fact],
) -> Iterator[Happening]:
    """Have an actor go after who has just left its room."""
    if ahead.outcome.verb != "go":
        return
    scene = Scene(index, state, actor)
    room = scene.room
    outcome = handling.go(scene, Parsed("go", ahead.outcome.args))
    if outcome.kind is not ResultKind.OK:
        return
    outcome.verb, outcome.args = "go", ahead.outcome.args
    outcome.changes += tuple(_witnessed(index, state, actor, outcome))
    yield Happening(actor, room, "", outcome)
    lines.append(f"You follow.\n{scene.view()}")
    facts += [*outcome.reveals, *scene.seen()]
