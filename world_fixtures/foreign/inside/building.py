"""Building a snapshot: a game's database is made, prepared, and given a player.

    python -m world_fixtures.foreign.inside.building SNAPSHOT

The directory holds the copy of the game's directory as `game` and `recipe.json`; the database is
made under `files`. What a step shows goes to standard output; the last line of standard error says
what went wrong.
"""

from __future__ import annotations

import importlib
import json
import shutil
import sys
from pathlib import Path
from typing import Any

from world_fixtures.foreign.inside import kernel
from world_fixtures.foreign.inside.loading import (
    DATABASE,
    Wrong,
    load_evennia,
    prepare_process,
    start_game,
    told_in_one_line,
)

_BUILDER = "builder"
"""Account of the one who prepares; only in a game that has none yet."""


def build(snapshot: Path) -> None:
    """Make the snapshot's database. Raises Wrong."""
    recipe = json.loads((snapshot / "recipe.json").read_text(encoding="utf-8"))
    files = snapshot / "files"
    prepare_process(snapshot, files)
    own = _own_database(snapshot / "game")
    if own.exists():
        for end in ("", "-wal", "-shm"):  # a game that runs keeps what is new beside it
            beside = own.with_name(own.name + end)
            if beside.exists():
                shutil.copyfile(beside, files / (DATABASE + end))
                beside.unlink()
    load_evennia()
    from django.core.management import call_command

    call_command("migrate", verbosity=0, interactive=False)
    superuser = _first_account()
    server = start_game()
    server.at_post_portal_sync("reload")
    _prepare(superuser, recipe["prepare"])
    _add_player(recipe)
    server.shutdown(mode="reload", _reactor_stopping=True)
    from django.db import connections

    connections.close_all()


def _own_database(game: Path) -> Path:
    """Return where the copy of a game has its database, by its settings. Raises Wrong."""
    from django.conf import settings

    if not settings.OWN_DATABASE:
        raise Wrong("its settings name a database that is not SQLite: only those can be used")
    found = Path(settings.OWN_DATABASE).resolve()
    if not found.is_relative_to(game):
        raise Wrong(f"its database {found} is not in its directory: put it there")
    return found


def _first_account() -> Any:
    """Return the superuser; a database without one is new and is set up."""
    import evennia
    from evennia.server import initial_setup

    found = evennia.AccountDB.objects.filter(id=1).first()
    if found is None:
        found = evennia.AccountDB.objects.create_superuser(_BUILDER, "", None)
        initial_setup.create_objects()
        initial_setup.at_initial_setup()
        evennia.ServerConfig.objects.conf("last_initial_setup_step", "done")
    return evennia.AccountDB.objects.get(id=1)


def _prepare(superuser: Any, steps: list[Any]) -> None:
    """Carry out the steps: lines that the superuser types, and functions that are called."""
    import evennia
    from evennia.commands import cmdhandler
    from twisted.internet import reactor

    from world_fixtures.foreign.inside.passing import pass_time
    from world_fixtures.foreign.inside.playing import connect, plain

    outbox = evennia.EVENNIA_SERVER_SERVICE.amp_protocol
    session = connect(1, superuser)
    pass_time(reactor, 1.0)
    if session.puppet is None:
        character = evennia.ObjectDB.objects.filter(id=1).first()
        if character is not None:
            superuser.puppet_object(session, character)
    parse, understood = cmdhandler._COMMAND_PARSER, [True]

    def noted(raw: str, *given: Any, **named: Any) -> Any:
        matches = parse(raw, *given, **named)
        understood[0] = len(matches) == 1
        return matches

    cmdhandler._COMMAND_PARSER = noted
    for number, step in enumerate(steps, start=1):
        outbox.sent.clear()
        if isinstance(step, dict):
            module, _, function = str(step["call"]).partition(":")
            try:
                getattr(importlib.import_module(module), function)()
            except Exception as error:
                raise Wrong(f"step {number} (call {step['call']}): {error!r}") from error
        else:
            understood[0] = True
            session.sessionhandler.data_in(session, text=((step,), {}))
        pass_time(reactor, 2.0)
        shown = "\n".join(plain(m["text"]) for _, m in outbox.sent if "text" in m)
        print(f"> {step}\n{shown}", flush=True)
        if not understood[0] and not isinstance(step, dict):
            last = " ".join(shown.split())[:300]
            raise Wrong(f"step {number} ({step}) is no command of this game: {last}")
        if "Traceback (most recent call last)" in shown or "Error in batch" in shown:
            raise Wrong(f"step {number} ({step}) failed: {' '.join(shown.split())[-300:]}")
    cmdhandler._COMMAND_PARSER = parse
    evennia.SESSION_HANDLER.portal_disconnect(session)
    pass_time(reactor, 1.0)


def _add_player(recipe: dict[str, Any]) -> None:
    """Make the player's account and character where they are not there, and put them away."""
    import evennia
    from django.conf import settings

    from world_fixtures.foreign.inside.playing import rights_of

    name, key = recipe["account"], recipe["character"]
    account = evennia.AccountDB.objects.filter(username__iexact=name).first()
    start = _place(recipe.get("start"))
    if account is None:
        account = evennia.create_account(
            name, "", None, typeclass=settings.BASE_ACCOUNT_TYPECLASS, permissions=["Player"]
        )
    found = [o for o in evennia.search_object(key, exact=True) if hasattr(o, "at_pre_puppet")]
    character = next((o for o in found if o.is_typeclass(settings.BASE_CHARACTER_TYPECLASS, False)),
                     found[0] if found else None)  # fmt: skip
    if character is None:
        character, errors = account.create_character(
            key=key, typeclass=settings.BASE_CHARACTER_TYPECLASS, permissions=["Player"]
        )
        if character is None:
            raise Wrong(f"the character {key!r} could not be made: {'; '.join(errors)}")
    elif character not in account.characters:
        account.characters.add(character)
    if wrong := rights_of(account, character):
        raise Wrong(f"{wrong}: choose an account and a character of a plain player")
    character.locks.add(f"puppet:id({character.id}) or pid({account.id}) or perm(Developer)")
    account.db._last_puppet = character
    account.attributes.remove("FIRST_LOGIN")
    place = start or character.location or character.home
    character.db.prelogout_location = place
    if character.location is not None:
        character.location = None
    if character.home is None:
        character.home = place


def _place(key: str | None) -> Any:
    if key is None:
        return None
    import evennia

    found = evennia.search_object(key, exact=True)
    if len(found) != 1:
        raise Wrong(f"start: there are {len(found)} objects called {key!r}, and must be one")
    return found[0]


if __name__ == "__main__":
    kernel.end_with_parent()
    with told_in_one_line():
        build(Path(sys.argv[1]).resolve())
