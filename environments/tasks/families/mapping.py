"""The kind `map`: questions on how places are connected, answered from what was walked."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, Final

from environments.tasks.families.common import (
    BuildContext,
    Kind,
    Question,
    Script,
    TaskDraft,
)
from environments.tasks.families.places import (
    Ways,
    distances,
    open_ways,
    rooms_on,
    shortest_routes,
)
from environments.tasks.model import Ability, Answered, Evidence, Family, Goal
from world_fixtures.spec import OPPOSITE, WorldSpec

OPEN: Final = "Only ways without a door count, all of which you can see."
"""Says what a way is: the world of the task has no hidden exits."""
ENDS: Final = 16
"""Rooms considered as the ends of a route, or as the middle of what is asked for."""
DRAWS: Final = 8
"""Questions drawn for one that random moves seldom answer."""
WALKS: Final = 40
LUCKY: Final = 1
"""Of so many random walks, so many may see what an answer needs."""
NUMBERS: Final = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight")


class Map(Kind):
    """Tell a shortest route, the rooms so many moves away, or the map around a room."""

    name = "map"
    family = Family.ORIENTATION
    abilities = frozenset({Ability.PROMPT, Ability.MAP, Ability.RESTRAINT, Ability.INFERENCE})
    difficulty = (
        "Routes and rings grow with the world; from 4 also the map around a room, from 6 also the"
        " shortest route when one way is closed."
    )

    def choose(self, context: BuildContext) -> Question | None:
        """Draw a question and what it is about."""
        ways = open_ways(_all_shown(context.spec))
        start = context.spec.agent.location
        region = [r for r in distances(ways, start) if start in distances(ways, r)]
        if len(region) < 4:
            return None
        level = context.difficulty
        draws = [_route, _ring, *[_part] * (level >= 4), *[_detour] * (level >= 6)]
        ends = context.rng.sample(region, min(len(region), ENDS))
        trees = [_tree(ways, start, newest=newest) for newest in (False, True)]
        trees.append(_walked_tree(ways, start))
        context.rng.shuffle(draws)
        for draw in draws:
            options = _longest(
                q for q in draw(ways, region, ends)
                if not _falls_to_trees(context.spec, ways, q, trees)
            )  # fmt: skip
            for _ in range(DRAWS if options else 0):
                question: Question = context.pick(options, lambda q: q["size"])
                if not _falls_to_chance(context, question):
                    return question
        return None

    def plan(self, context: BuildContext, question: Question) -> TaskDraft:
        """Go to the rooms that the answer follows from, and answer."""
        spec = _all_shown(context.spec)
        ways = open_ways(spec)
        prompt, answered, seen, walked = ASKED[question["ask"]](spec, ways, question)
        script = Script(context.actor(spec), context)
        script.begin(f"{prompt} {OPEN}")
        script.actor.visit_all(walked)
        script.end(
            goals=[Goal(name=f"tells the {answered.field}", condition=answered)],
            evidence=[Evidence(field=answered.field, entity=r, fact="exits") for r in seen],
            answer={answered.field: list(answered.expected)},
            free=[d.id for d in spec.doors],
        )
        return script.draft()


def _all_shown(spec: WorldSpec) -> WorldSpec:
    """Return the world with no exit hidden."""
    if not any(e.hidden for e in spec.exits):
        return spec
    exits = tuple(e.model_copy(update={"hidden": False}) for e in spec.exits)
    things = tuple(t.model_copy(update={"reveals": None}) if t.reveals else t for t in spec.things)
    return spec.model_copy(update={"exits": exits, "things": things})


def _tree(ways: Ways, start: str, newest: bool) -> Ways:
    """Return the ways by which rooms are first found, and those back.

    The exits of the room found last are followed first if `newest` (depth-first), else those of
    the room found first (breadth-first).
    """
    tree: Ways = {room: {} for room in ways}
    found, waiting = {start}, [(start, iter(ways[start].items()))]
    while waiting:
        room, exits = waiting[-1 if newest else 0]
        direction, target = next(exits, ("", ""))
        if not target:
            del waiting[-1 if newest else 0]
        elif target not in found:
            found.add(target)
            _grow(tree, room, direction, target)
            waiting.append((target, iter(ways[target].items())))
    return tree


def _walked_tree(ways: Ways, start: str) -> Ways:
    """Return the same for a walker that always takes the nearest exit it has not taken yet."""
    tree: Ways = {room: {} for room in ways}
    walked: Ways = {start: {}}
    room = start
    while True:
        near = distances({r: walked.get(r, {}) for r in ways}, room)
        fresh = [r for r in near if len(walked[r]) < len(ways[r])]
        if not fresh:
            return tree
        room = fresh[0]
        direction = next(d for d in ways[room] if d not in walked[room])
        target = walked[room][direction] = ways[room][direction]
        if target not in walked:
            walked[target] = {}
            _grow(tree, room, direction, target)
        room = target


def _grow(tree: Ways, room: str, direction: str, target: str) -> None:
    tree[room][direction] = target
    tree[target][OPPOSITE[direction]] = room


def _falls_to_trees(spec: WorldSpec, ways: Ways, question: Question, trees: Sequence[Ways]) -> bool:
    """Tell whether the ways by which the rooms were first found already give the answer."""
    ask = ASKED[question["ask"]]
    right = ask(spec, ways, question)[1]
    return any(ask(spec, tree, question)[1] == right for tree in trees)


def _falls_to_chance(context: BuildContext, question: Question) -> bool:
    """Tell whether random moves, as many as a tour takes, often see all that is needed."""
    spec = _all_shown(context.spec)
    ways = open_ways(spec)
    _, _, seen, walked = ASKED[question["ask"]](spec, ways, question)
    tour = context.actor(spec)
    tour.visit_all(walked)
    lucky = 0
    for _ in range(WALKS):
        room = spec.agent.location
        missing = set(seen) - {room}
        for _ in range(tour.moves):
            room = context.rng.choice(list(ways[room].values()) or [room])
            missing.discard(room)
        lucky += not missing
    return lucky > LUCKY


# --- what can be asked --------------------------------------------------------------------


def _route(ways: Ways, region: list[str], ends: list[str]) -> list[Question]:
    """Return the pairs of rooms with one shortest route."""
    return [
        {"ask": "route", "start": a, "end": b, "size": len(routes[0])}
        for a in ends
        for b in ends
        if a != b and len(routes := shortest_routes(ways, a, b)) == 1 and len(routes[0]) > 1
    ]


def _detour(ways: Ways, region: list[str], ends: list[str]) -> list[Question]:
    """Return pairs of rooms whose shortest route is another one once a way is closed."""
    found: list[Question] = []
    for a in ends:
        for b in ends:
            routes = shortest_routes(ways, a, b) if a != b else []
            if len(routes) != 1 or len(routes[0]) < 2:
                continue
            passed = rooms_on(ways, a, routes[0])
            for here, there in pairwise(passed):
                other = shortest_routes(_without(ways, here, there), a, b)
                if len(other) == 1:
                    closed = [here, there]
                    moves = len(other[0])
                    found.append(
                        {"ask": "detour", "start": a, "end": b, "closed": closed, "size": moves}
                    )
    return found


def _ring(ways: Ways, region: list[str], ends: list[str]) -> list[Question]:
    """Return rooms and numbers of moves that several other rooms lie at."""
    found: list[Question] = []
    for room in ends:
        moves = distances(ways, room)
        for k in range(2, 1 + max(moves.values())):
            rooms = [r for r, n in moves.items() if n == k]
            within = sum(n <= k for n in moves.values())
            if len(rooms) >= 2 and set(rooms) <= set(region):
                found.append({"ask": "ring", "start": room, "moves": k, "size": within})
    return found


def _part(ways: Ways, region: list[str], ends: list[str]) -> list[Question]:
    """Return the surroundings of rooms that are about half of the world."""
    found: list[Question] = []
    for room in ends:
        moves = distances(ways, room)
        for k in range(1, max(moves.values())):
            rooms = {r for r, n in moves.items() if n <= k}
            if 4 <= len(rooms) <= 0.6 * len(moves) and rooms <= set(region):
                found.append({"ask": "part", "start": room, "moves": k, "size": len(rooms)})
    return found


def _longest(questions: Any) -> list[Question]:
    """Return the questions that are at most two moves shorter than the longest."""
    found: list[Question] = list(questions)
    most = max((q["size"] for q in found), default=0)
    return [q for q in found if q["size"] >= max(2, most - 2)]


# --- how it is asked and answered ---------------------------------------------------------

Asked = tuple[str, Answered, list[str], list[str]]
"""The prompt, the answer, the rooms whose exits must have been seen, and those to walk to."""


def _ask_route(spec: WorldSpec, ways: Ways, question: Question) -> Asked:
    start, end = question["start"], question["end"]
    prompt = f"Find out the shortest route from the {_name(spec, start)} to the {_name(spec, end)}."
    return _answer_route(ways, question, prompt)


def _ask_detour(spec: WorldSpec, ways: Ways, question: Question) -> Asked:
    here, there = question["closed"]
    start, end = question["start"], question["end"]
    prompt = (
        f"Suppose that the way between the {_name(spec, here)} and the {_name(spec, there)} were"
        " closed, in both directions. Find out what would then be the shortest route from the"
        f" {_name(spec, start)} to the {_name(spec, end)}."
    )
    return _answer_route(_without(ways, here, there), question, prompt)


def _answer_route(ways: Ways, question: Question, prompt: str) -> Asked:
    start, end = question["start"], question["end"]
    route = next(iter(shortest_routes(ways, start, end)), [])
    passed = rooms_on(ways, start, route)
    moves = distances(ways, start)
    walked = [r for r, n in moves.items() if n < len(route)]
    text = (
        f"{prompt} Submit an answer with one field, route: the list of the directions to go, such"
        ' as ["north", "east"].'
    )
    answered = Answered(field="route", match="route", expected=tuple(route))
    return text, answered, passed, [*walked, end]


def _ask_ring(spec: WorldSpec, ways: Ways, question: Question) -> Asked:
    start, k = question["start"], question["moves"]
    moves = distances(ways, start)
    ring = [r for r, n in moves.items() if n == k]
    prompt = (
        f"Find out which rooms are exactly {NUMBERS[k] if k < len(NUMBERS) else k} moves away from"
        f" the {_name(spec, start)} by a shortest route that begins there. Submit an answer with"
        " one field, rooms: a list of their names."
    )
    names = tuple(sorted(_name(spec, r) for r in ring))
    answered = Answered(field="rooms", match="set", expected=names)
    within = [r for r, n in moves.items() if n <= k]
    return prompt, answered, within, within


def _ask_part(spec: WorldSpec, ways: Ways, question: Question) -> Asked:
    start, k = question["start"], question["moves"]
    within = [r for r, n in distances(ways, start).items() if n <= k]
    edges = sorted(
        f"{_name(spec, a)} | {direction} | {_name(spec, b)}"
        for a in within
        for direction, b in ways[a].items()
        if b in within
    )
    moves = "one move" if k == 1 else f"{NUMBERS[k] if k < len(NUMBERS) else k} moves"
    prompt = (
        f"Draw the map of the {_name(spec, start)} and of all rooms that can be reached from it in"
        f" at most {moves}. Submit an answer with one field, edges: a list of texts"
        ' "room | direction | room", one for each way from one of these rooms to another of them,'
        ' such as "Cellar | up | Kitchen". A way there and the way back are two entries.'
    )
    answered = Answered(field="edges", match="edges", expected=tuple(edges))
    return prompt, answered, within, within


ASKED: Final = {
    "route": _ask_route,
    "detour": _ask_detour,
    "ring": _ask_ring,
    "part": _ask_part,
}
"""What is asked -> how."""


def _without(ways: Ways, here: str, there: str) -> Ways:
    """Return the ways but for those between two rooms."""
    closed = {(here, there), (there, here)}
    return {
        room: {d: target for d, target in targets.items() if (room, target) not in closed}
        for room, targets in ways.items()
    }


def _name(spec: WorldSpec, room: str) -> str:
    return next(r.name for r in spec.rooms if r.id == room)
