"""Verbs that look: they change nothing, save that a close look may discover a way."""

from __future__ import annotations

from world_fixtures.facts import Fact
from world_fixtures.protocol import Change
from world_fixtures.rules.grammar import VERBS, Parsed
from world_fixtures.rules.outcome import Outcome, ok, refused, unknown
from world_fixtures.rules.resolve import resolve
from world_fixtures.rules.scene import Scene
from world_fixtures.rules.social import HELP
from world_fixtures.spec import Thing


def look(scene: Scene, parsed: Parsed) -> Outcome:
    """Show the room."""
    return ok(scene.view(), scene.room, reveals=scene.seen())


def directions(scene: Scene, parsed: Parsed) -> Outcome:
    """List the ways out."""
    exits = [e.direction for e in scene.exits()]
    return ok(scene.exits_line(), scene.room, reveals=(Fact(scene.room, "exits", exits),))


def examine(scene: Scene, parsed: Parsed) -> Outcome:
    """Describe a thing, door or character, and show the exit that it reveals."""
    query, index = parsed.args["object"], scene.index
    candidates = scene.in_reach()
    if not scene.is_dark():
        candidates += [c.id for c in scene.others()]
    found = resolve(scene, query, candidates)
    if isinstance(found, Outcome) and not found.objects and not scene.is_dark():
        scenery = [s.id for s in index.rooms[scene.room].scenery]
        if scenery and isinstance(part := resolve(scene, query, scenery), str):
            found = part
    if isinstance(found, Outcome):
        return found
    if found in index.scenery:
        return ok(index.scenery[found].desc, found, reveals=(Fact(found, "desc", True),))
    if found in index.characters:
        carried = scene.things_in(found)
        names = ", ".join(t.name for t in carried) or "nothing"
        text = f"{index.name(found)} carries: {names}."
        about = index.characters[found].desc
        seen = Fact(found, "desc", True), Fact(found, "contents", [t.id for t in carried])
        return ok(f"{about}\n{text}" if about else text, found, reveals=seen)
    if found in index.doors:
        door = index.doors[found]
        state = scene.door_state(door)
        lock = " It is locked." if scene.state.get(found, "locked") else ""
        text = f"{door.desc or door.name} It is {state}.{lock}"
        return ok(text, found, reveals=_lock_seen(scene, found))
    thing = index.things[found]
    lines = [thing.desc, *_condition(scene, thing)]
    changes: tuple[Change, ...] = ()
    if thing.reveals and not scene.state.get(thing.reveals, "revealed"):
        way = index.exit_ids[thing.reveals]
        if way.source == scene.room:
            changes = (Change(entity=way.id, field="revealed", before=False, after=True),)
            lines.append(f"You discover a way {way.direction}.")
    reveals = [Fact(found, "desc", True)]
    if thing.container:
        reveals += _lock_seen(scene, found)
    if scene.is_open(thing):
        reveals += contents_seen(scene, thing)
    return ok("\n".join(lines), found, changes=changes, reveals=reveals)


def _lock_seen(scene: Scene, entity: str) -> list[Fact]:
    get = scene.state.get
    return [
        Fact(entity, "desc", True),
        *(Fact(entity, f, get(entity, f)) for f in ("open", "locked")),
    ]


def contents_seen(scene: Scene, thing: Thing) -> list[Fact]:
    """Return what a look into or onto a thing reveals."""
    return [Fact(thing.id, "contents", [t.id for t in scene.things_in(thing.id)])]


def _condition(scene: Scene, thing: Thing) -> list[str]:
    lines = []
    if thing.container:
        locked = " and locked" if scene.state.get(thing.id, "locked") else ""
        lines.append(f"It is {scene.door_state(thing)}{locked}.")
    if thing.light:
        lines.append("It is lit." if scene.state.get(thing.id, "lit") else "It is not lit.")
    if scene.state.get(thing.id, "done_at") is not None:
        lines.append("It is at work.")
    if scene.is_open(thing):
        lines.append(_contents(scene, thing))
    if thing.text is not None or scene.state.get(thing.id, "inscriptions"):
        lines.append("There is writing on it.")
    if thing.writable:
        lines.append("You can write on it.")
    return lines


def _contents(scene: Scene, thing: Thing) -> str:
    inside = ", ".join(map(scene.label, scene.things_in(thing.id))) or "nothing"
    return f"{'On' if thing.surface else 'In'} it: {inside}"


def look_in(scene: Scene, parsed: Parsed) -> Outcome:
    """List what is in or on a thing."""
    found = resolve(scene, parsed.args["object"], scene.in_reach())
    if isinstance(found, Outcome):
        return found
    thing = scene.index.things.get(found)
    if thing is None or not (thing.container or thing.surface):
        return refused(f"You cannot look into the {scene.index.name(found)}.", found)
    if not scene.is_open(thing):
        return refused(f"The {thing.name} is closed.", found)
    return ok(_contents(scene, thing), found, reveals=contents_seen(scene, thing))


def read(scene: Scene, parsed: Parsed) -> Outcome:
    """Show the text of a thing."""
    found = resolve(scene, parsed.args["object"], scene.in_reach())
    if isinstance(found, Outcome):
        return found
    thing = scene.index.things.get(found)
    written = scene.state.get(found, "inscriptions") or ()
    if thing is None or (thing.text is None and not written):
        return refused(f"There is nothing to read on the {scene.index.name(found)}.", found)
    hands = scene.state.get(found, "hands") or ()
    lines = [thing.text] if thing.text is not None else []
    reveals = [*thing.tells, Fact(found, "text", True)] if thing.text is not None else []
    for line, hand in zip(written, hands, strict=True):
        own = hand == scene.actor
        lines.append(f'In your hand: "{line}"' if own else f'Written here: "{line}"')
    if thing.writable:
        others = [line for line, hand in zip(written, hands, strict=True) if hand != scene.actor]
        reveals.append(Fact(found, "inscriptions", others))
    return ok("\n".join(lines), found, reveals=reveals)


def inventory(scene: Scene, parsed: Parsed) -> Outcome:
    """List what the actor carries."""
    carried = scene.things_in(scene.actor)
    lines = [
        "You carry: " + ", ".join(map(scene.label, carried)) if carried else "You carry nothing."
    ]
    lines += [
        f"In the {t.name}: " + ", ".join(map(scene.label, inside))
        for t in carried
        if scene.is_open(t) and (inside := scene.things_in(t.id))
    ]
    reveals = (Fact(scene.actor, "contents", [t.id for t in carried]),)
    return ok("\n".join(lines), scene.actor, reveals=reveals)


def say(scene: Scene, parsed: Parsed) -> Outcome:
    """Say something, which changes nothing."""
    return ok(f'You say, "{parsed.args["text"]}"', scene.actor)


def help_(scene: Scene, parsed: Parsed) -> Outcome:
    """List the commands, or explain one."""
    topic = parsed.args.get("topic", "").casefold()
    if not topic:
        social = () if scene.index.spec.living is None else HELP
        return ok("Commands:\n" + "\n".join([*(about for _, about in VERBS.values()), *social]))
    for verb, (forms, about) in VERBS.items():
        if topic == verb or topic in forms:
            also = [w for w in forms if w != verb]
            return ok(about + (f" (also: {', '.join(also)})" if also else ""))
    return unknown(f"There is no help on '{topic[:40]}'. 'help' lists the commands.")
