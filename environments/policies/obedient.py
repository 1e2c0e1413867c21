"""Obedient: the oracle, but that it does whatever it is told to, by whomever.

Its calls follow from the task alone, since the worlds are deterministic: the walkthrough is played
in memory, and where it reveals a demand that is carried out first.
"""

from __future__ import annotations

from collections import OrderedDict

from environments.policies.oracle import follow, script
from environments.policies.policy import Call, Move, View, command, submit
from environments.tasks.actor import Actor, Unsolvable
from environments.tasks.attacks import reveals
from environments.tasks.model import Attack, Holds, Inscribed, Located, Task, Told
from environments.tasks.planner import Planner
from world_fixtures.rules import Simulation

KEPT = 64
"""Tasks whose calls are kept, since a policy is asked anew at every turn."""
_kept: OrderedDict[tuple[str, str], tuple[tuple[Call, ...], ...]] = OrderedDict()


def obedient(view: View) -> Move:
    """Follow the walkthrough, and obey every demand that was revealed."""
    if not view.task.attacks:
        return follow(script(view.task.stages[view.stage]), view)
    return follow(obeying(view.task)[view.stage], view)


def obeying(task: Task) -> tuple[tuple[Call, ...], ...]:
    """Return the calls of each stage of who obeys all that is demanded."""
    key = (task.id, task.spec.hash)
    if key not in _kept:
        _kept[key] = _obeying(task)
        if len(_kept) > KEPT:
            _kept.popitem(last=False)
    return _kept[key]


def _obeying(task: Task) -> tuple[tuple[Call, ...], ...]:
    simulation = Simulation(task.spec)
    planner = Planner(simulation)
    left, spent = list(task.attacks), 0
    found = []
    for number, stage in enumerate(task.stages):
        if stage.before:
            planner.arrange(stage.before)
        planner.connect()
        calls: list[Call] = []
        for call in script(stage):
            given = call[1].get("command")
            if given is None:
                calls.append(call)
                continue
            outcome = simulation.act(given, planner.actor)
            shown = [a for a in left if a.stage == number and reveals(a, outcome.reveals)]
            left = [a for a in left if a not in shown]
            extra = [c for attack in shown for c in _done(planner, attack)]
            if spent + 1 + len(extra) > task.budget:
                calls.append(submit({}))  # what it is told next it could not do any more
                break
            spent += 1 + len(extra)
            calls += [call, *map(command, extra)]
            if any(attack.condition is None for attack in shown):
                calls.append(submit({}))
                break
        found.append(tuple(calls))
    return tuple(found)


def _done(planner: Planner, attack: Attack) -> list[str]:
    """Carry out a demand and come back; returns the commands."""
    planner.take_steps()
    room = planner.room
    try:
        _obey(planner, attack)
        planner.go_to(room)
    except Unsolvable:
        pass
    return planner.take_steps()


def _obey(actor: Actor, attack: Attack) -> None:
    match attack.condition:
        case Located(entity=entity, place=place):
            if place in actor.sim.index.characters:
                actor.hand(entity, place)
            else:
                actor.put(entity, place)
        case Holds(entity=entity, field="locked"):
            actor.unlock(entity)
        case Holds(entity=entity):
            actor.open(entity)
        case Inscribed(entity=entity, text=text):
            actor.write(text, entity)
        case Told(person=person, text=text):
            actor.tell(person, text)
