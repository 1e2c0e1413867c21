"""Forks at random events of worlds with time and people, compared with a replay and with parents.

    python -m benchmarks.living_forks --rollouts 20 --forks 400 --json figures.json

Two characters give random commands in one instance while people act and time passes, in absence
too. Forks are made at random events, also within what followed from a command. What was recorded
next is carried out in them, and then new commands: texts, hashes and what others did must be those
of the record and of the rules in memory.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Sequence
from dataclasses import dataclass, field

from benchmarks.figures import Figures, found_by
from benchmarks.living import town
from world_fixtures.facts import Arranged
from world_fixtures.living import CLOCK, PASSES
from world_fixtures.protocol import ARRANGE, Event, apart
from world_fixtures.rules import Simulation
from world_fixtures.rules.outcome import Outcome
from world_fixtures.rules.passing import rearranged
from world_fixtures.servers import PooledInstance, ServerPool
from world_fixtures.spec import WorldSpec

LATER = 5
"""Recorded commands that are repeated in each fork, and new ones that are given after them."""


@dataclass
class Found:
    """What a run has compared, and what was wrong."""

    rollouts: int = 0
    events: int = 0
    forks: int = 0
    inside: int = 0
    """Forks at an event that others of its group follow."""
    commands: int = 0
    """Carried out in forks and compared."""
    wrong: list[str] = field(default_factory=list)


async def check_forks(
    pool: ServerPool, spec: WorldSpec, *, rollouts: int, forks: int, commands: int, seed: int = 0
) -> Found:
    """Play `rollouts` of so many random commands on `spec` and make `forks` of them, in all."""
    found = Found()
    for n in range(rollouts):
        rng = random.Random(f"living forks {seed} {n}")
        parent = await pool.acquire(spec)
        try:
            answers = await _play(parent, rng, commands)
            log, before = await parent.events(), await parent.state()
            for _ in range(forks // rollouts + (n < forks % rollouts)):
                at = rng.randint(0, len(log))
                found.inside += at < len(log) and log[at].cause is not None
                problem = await _check_fork(pool, parent, answers, at, rng, found)
                found.forks += 1
                if problem:
                    found.wrong.append(f"rollout {n}, fork at {at} of {len(log)}: {problem}")
            if await parent.events() != log or await parent.state() != before:
                found.wrong.append(f"rollout {n}: it was changed by its forks")
            found.rollouts += 1
            found.events += len(log)
        finally:
            pool.release(parent)
    return found


async def _play(instance: PooledInstance, rng: random.Random, commands: int) -> list[Event]:
    """Return the answers to random commands of all who can be played, and to absences."""
    players = _players(instance.spec)
    sessions = {c: await instance.open(c) for c in players}
    answers = [session.event for session in sessions.values()]
    for _ in range(commands):
        if rng.random() < 0.05:
            answers.append(await instance.arrange([Arranged(CLOCK, PASSES, rng.randint(1, 30))]))
        else:
            line = _line(instance.spec, rng)
            answers.append(await sessions[rng.choice(players)].command(line))
    return answers


def _players(spec: WorldSpec) -> list[str]:
    """Return the characters that do not act by themselves."""
    people = {p.id for p in spec.living.people} if spec.living else set()
    return [c.id for c in spec.characters if c.id not in people]


def _line(spec: WorldSpec, rng: random.Random) -> str:
    """Return a command that may be possible."""
    who = rng.choice(spec.characters).name
    thing = rng.choice(spec.things).name
    way = rng.choice(spec.exits).direction
    return rng.choice(
        (
            way, way, way, "look", f"get {thing}", "get all", f"drop {thing}", "drop all",
            f"wait {rng.randint(1, 9)}", f"follow {who}", f"follow {who}", f"greet {who}", "dance",
            f"ask {who} about {thing}", f"give 1 coin to {who}", f"give {thing} to {who}",
            f"buy {thing} from {who}", f"tell {who} that it rains", f"start {thing}",
            f"light {thing}",
        )
    )  # fmt: skip


async def _check_fork(
    pool: ServerPool, parent: PooledInstance, answers: Sequence[Event], at: int,
    rng: random.Random, found: Found,
) -> str:  # fmt: skip
    """Make one fork and play on in it; returns what is wrong."""
    past = [answer for answer in answers if answer.seq <= at]
    model = Simulation(parent.spec)
    for event in (one for answer in past for one in apart(answer)):
        model.arrange(Arranged(c.entity, c.field, c.after) for c in event.changes)
    fork = await parent.fork(at)
    try:
        if await fork.events() != [one for answer in past for one in apart(answer)]:
            return "its events are not those of its parent"
        if (await fork.state()) != model.state or fork.hash != model.state.hash:
            return "its state is not the recorded one"
        for answer in answers[len(past) : len(past) + LATER]:
            if answer.verb == "connect":
                continue
            event = await _repeat(fork, answer)
            found.commands += 1
            if _essence(event) != _essence(answer):
                return f"event {answer.seq} ({answer.raw!r}) went another way"
            if not _agrees(event, _modelled(model, answer), model):
                return f"event {answer.seq} ({answer.raw!r}) is not what the rules say"
        for _ in range(LATER):
            actor, line = rng.choice(_players(parent.spec)), _line(parent.spec, rng)
            session = fork.sessions_open.get(actor) or await fork.open(actor)
            fork.sessions_open[actor] = session
            event = await session.command(line)
            found.commands += 1
            if not _agrees(event, model.act(line, actor), model):
                return f"{line!r} by {actor} is not what the rules say"
    finally:
        pool.release(fork)
    return ""


async def _repeat(fork: PooledInstance, answer: Event) -> Event:
    """Have a recorded command happen in a fork."""
    if answer.verb == ARRANGE:
        return await fork.arrange(rearranged(answer.changes))
    session = fork.sessions_open.get(answer.actor) or await fork.open(answer.actor)
    return await session.command(answer.raw)


def _modelled(model: Simulation, answer: Event) -> Outcome:
    """Have a recorded command happen in memory."""
    if answer.verb == ARRANGE:
        return model.arrange(rearranged(answer.changes))
    return model.act(answer.raw, answer.actor)


def _essence(answer: Event) -> list[dict[str, object]]:
    """Return what of an answer does not depend on instance and time."""
    left_out = {"ts", "ms", "instance", "session", "after"}
    return [event.model_dump(exclude=left_out) for event in apart(answer)]


def _agrees(event: Event, outcome: Outcome, model: Simulation) -> bool:
    """Tell whether an answer of the server is what the rules made of it in memory."""
    followed = [(e.actor, e.room, e.raw, e.verb, e.changes) for e in event.after]
    return (
        event.text == outcome.text
        and [tuple(r) for r in event.reveals] == [tuple(r) for r in outcome.reveals]
        and followed
        == [(h.actor, h.room, h.raw, h.outcome.verb, h.outcome.changes) for h in outcome.after]
        and apart(event)[-1].state_hash == model.state.hash
    )


async def _main(args: argparse.Namespace) -> Figures:
    async with ServerPool(1) as pool:
        found = await check_forks(
            pool, town(10), rollouts=args.rollouts, forks=args.forks, commands=60, seed=args.seed
        )
    return vars(found)


def main() -> None:
    """Run the check from the command line; exit code 1 where something was wrong."""
    found = found_by(__doc__, _main, rollouts=20, forks=400, seed=0)
    raise SystemExit(bool(found["wrong"]))


if __name__ == "__main__":
    main()
