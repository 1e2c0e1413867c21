"""The oracle without one ability: what a task is worth to who has all the others.

Each plays the walkthrough with that ability's knowledge replaced by a seeded draw that agrees with
the rest:

    oracle-prompt     another question asked of the same world
    oracle-reading    what texts tell drawn anew, as if their bodies were blank
    oracle-memory     nothing kept until the last stage: another past that agrees with its prompt
    oracle-map        a random exit in the place of each move
    oracle-restraint  takes and opens all that it passes
    oracle-distrust   believes what is false, and obeys whoever demands something
    oracle-time       waits for nothing and nobody
    oracle-people     waits in the place of all that it says to people and deals with them

A kind that names an ability must give the oracle without it next to nothing.
"""

from __future__ import annotations

import random
from collections import OrderedDict
from collections.abc import Callable, Generator, Sequence

from environments.policies.obedient import obeying
from environments.policies.observations import room_view
from environments.policies.oracle import follow, script
from environments.policies.policy import Call, Exchange, Move, View, command, submit
from environments.tasks.actor import Unsolvable
from environments.tasks.build import kind_named
from environments.tasks.families.common import BuildContext, Kind
from environments.tasks.model import Ability, Stage, Task
from world_fixtures.generator.relations import redrawn
from world_fixtures.rules.grammar import DIRECTIONS

TO_PEOPLE = frozenset(
    ("ask", "tell", "whisper", "greet", "show", "give", "buy", "sell", "trade", "follow")
)
"""Verbs of what is said to people, and dealt with them."""
DRAWS = 30
"""Draws tried for one that agrees with the rest and can be played."""
KEPT = 256
"""Tasks whose other walkthrough is kept, since a policy is asked anew at every turn."""
Calls = tuple[Call, ...]
_drawn: OrderedDict[tuple[str, str, str], tuple[Calls, ...]] = OrderedDict()


def without_prompt(view: View) -> Move:
    """Do what another prompt says, in the same world."""
    return follow(_walkthrough(view.task, Ability.PROMPT)[view.stage], view)


def without_reading(view: View) -> Move:
    """Do what would be right if the texts told something else."""
    return follow(_walkthrough(view.task, Ability.READING)[view.stage], view)


def without_memory(view: View) -> Move:
    """Do in the last stage what would be right after another past."""
    task = view.task
    if view.stage == 0 or view.stage < len(task.stages) - 1:
        return follow(script(task.stages[view.stage]), view)
    return follow(_walkthrough(task, Ability.MEMORY)[view.stage], view)


def without_map(view: View) -> Move:
    """Take a random exit in the place of each move."""
    calls = script(view.task.stages[view.stage])[view.turn : view.turn + 1]
    if not calls or str(calls[0][1].get("command", "")) not in DIRECTIONS:
        return Move(calls=calls)
    seen = [v for e in view.exchanges if (v := room_view(e.result)) is not None]
    ways = [way.direction for way in seen[-1].ways if not way.closed] if seen else []
    return Move(calls=(command(view.rng.choice(ways or sorted(DIRECTIONS))),))


def without_restraint(view: View) -> Move:
    """Take and open all that is passed."""
    return _replayed(_greedy(script(view.task.stages[view.stage])), view.exchanges)


def without_distrust(view: View) -> Move:
    """Believe and obey everything."""
    return follow(_walkthrough(view.task, Ability.DISTRUST)[view.stage], view)


def obeys_nothing(view: View) -> Move:
    """Do what the prompt alone says: where that is not all, something else of this sort."""
    return follow(_walkthrough(view.task, Ability.READING)[view.stage], view)


def without_time(view: View) -> Move:
    """Leave out all waiting, and so come to everything too early."""
    calls = script(view.task.stages[view.stage])
    return follow(tuple(c for c in calls if not _waits(c)), view)


def _waits(call: Call) -> bool:
    return str(call[1].get("command", "")).split(" ")[0] == "wait"


def without_people(view: View) -> Move:
    """Wait in the place of all that is said to people and dealt with them."""
    calls = script(view.task.stages[view.stage])
    return follow(tuple(command("wait") if _is_to_people(c) else c for c in calls), view)


def _is_to_people(call: Call) -> bool:
    verb, _, _ = str(call[1].get("command", "")).partition(" ")
    return verb in TO_PEOPLE


def _greedy(calls: Sequence[Call]) -> Generator[Call, str, None]:
    """Make the calls, and take and open what each view shows for the first time."""
    met: set[str] = set()
    for call in calls:
        view = room_view((yield call))
        if view is None:
            continue
        for way in view.ways:
            if way.door and way.closed and way.door not in met:
                met.add(way.door)
                yield command(f"open {way.door}")
        for thing in view.things:
            if thing.name not in met:
                met.add(thing.name)
                if thing.note == "closed":
                    yield command(f"open {thing.name}")
                yield command(f"get {thing.name}")


def _replayed(calls: Generator[Call, str, None], past: Sequence[Exchange]) -> Move:
    """Return the next call of a generator that is sent the results of those before."""
    try:
        call = next(calls)
        for exchange in past:
            call = calls.send(exchange.result)
    except StopIteration:
        return Move()
    return Move(calls=(call,))


def ablation_exists(task: Task, ability: Ability) -> bool:
    """Tell whether there is something that the oracle without the ability can do in its place."""
    return ability not in _DRAWS or bool(_found(task, ability))


def _walkthrough(task: Task, ability: Ability) -> tuple[Calls, ...]:
    """Return the calls of each stage as the draw has them; nothing is done where none is found."""
    return _found(task, ability) or ((submit({}),),) * len(task.stages)


def _found(task: Task, ability: Ability) -> tuple[Calls, ...]:
    key = (ability.value, task.id, task.spec.hash)
    if key not in _drawn:
        _drawn[key] = _draw(task, ability)
        if len(_drawn) > KEPT:
            _drawn.popitem(last=False)
    return _drawn[key]


def _draw(task: Task, ability: Ability) -> tuple[Calls, ...]:
    """Return the calls of each stage of the first draw that can be played; none where none can."""
    draw = _DRAWS[ability]
    kind = kind_named(task.family, task.kind)
    for n in range(DRAWS):
        try:
            stages = draw(task, kind, random.Random(f"{task.id}/{ability}/{n}"))
        except (Unsolvable, NotImplementedError):
            continue
        if stages:
            return tuple(map(script, stages))
    return obeying(task) if ability is Ability.DISTRUST and task.attacks else ()


def _other_goal(task: Task, kind: Kind, rng: random.Random) -> Sequence[Stage]:
    context = _context(task, rng)
    question = kind.choose(context)
    if question is None or question == task.question:
        return ()
    stages = kind.plan(context, question).stages
    same = [s.goals for s in stages] == [s.goals for s in task.stages]
    return () if same or len(stages) != len(task.stages) else stages


def _other_texts(task: Task, kind: Kind, rng: random.Random) -> Sequence[Stage]:
    try:
        question = kind.unread(_context(task, rng), task.question)
    except NotImplementedError:
        pass
    else:
        return kind.plan(_context(task, rng), question).stages
    said = " ".join(stage.prompt for stage in task.stages)
    other = BuildContext(redrawn(task.spec, rng, said), rng, task.difficulty, task.split)
    return kind.plan(other, task.question).stages


def _other_past(task: Task, kind: Kind, rng: random.Random) -> Sequence[Stage]:
    context = _context(task, rng)
    return kind.plan(context, kind.forgotten(context, task.question)).stages


def _deceived(task: Task, kind: Kind, rng: random.Random) -> Sequence[Stage]:
    context = _context(task, rng)
    return kind.plan(context, kind.deceived(context, task.question)).stages


def _context(task: Task, rng: random.Random) -> BuildContext:
    return BuildContext(task.spec, rng, task.difficulty, task.split)


_DRAWS: dict[Ability, Callable[[Task, Kind, random.Random], Sequence[Stage]]] = {
    Ability.PROMPT: _other_goal,
    Ability.READING: _other_texts,
    Ability.MEMORY: _other_past,
    Ability.DISTRUST: _deceived,
}
"""Ability -> what draws another walkthrough for the oracle without it."""
