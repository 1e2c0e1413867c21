"""What a loaded game is, as data: its rooms, its ways, and the state in which it begins."""

from __future__ import annotations

from typing import Any

from world_fixtures.foreign.inside.reading import Entities, Reader


def begin(start: Any) -> tuple[Reader, Entities]:
    """Start a game's service with `start`, and read everything into memory once."""
    import evennia

    server = start()
    server.at_post_portal_sync("reload")
    for of in (evennia.ObjectDB, evennia.AccountDB, evennia.ScriptDB, evennia.ChannelDB):
        for row in of.objects.all().order_by("id"):
            row.attributes.all()
            row.tags.all()
            if hasattr(row, "cmdset"):
                row.cmdset.current  # noqa: B018 - made when it is first asked for
            if hasattr(row, "contents_cache"):
                row.contents_cache.get()
    reader = Reader()
    return reader, reader.read()


def description(reader: Reader, initial: Entities, recipe: dict[str, Any]) -> dict[str, Any]:
    """Return rooms, exits, things and state as JSON; the character's id under `agent`."""
    import evennia
    from evennia.objects.objects import DefaultExit, DefaultRoom

    rooms, exits, things = [], [], []
    account = evennia.AccountDB.objects.get(username__iexact=recipe["account"])
    agent = reader.ids["object", account.db._last_puppet.id]
    for found in evennia.ObjectDB.objects.all().order_by("id"):
        id_ = reader.ids["object", found.id]
        if isinstance(found, DefaultRoom):
            rooms.append({"id": id_, "name": found.key})
        elif isinstance(found, DefaultExit):
            if found.db_location_id and found.db_destination_id:
                source = reader.ids["object", found.db_location_id]
                target = reader.ids["object", found.db_destination_id]
                names = [found.key, *sorted(found.aliases.all())]
                exits.append({"id": id_, "names": names, "source": source, "target": target})
        else:
            things.append({"id": id_, "name": found.key})
    return {"rooms": rooms, "exits": exits, "things": things, "agent": agent, "initial": initial}
