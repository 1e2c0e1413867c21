"""The account by which people look on at rollouts."""

from __future__ import annotations

from typing import Any

from evennia.accounts.accounts import DefaultAccount
from evennia.accounts.models import AccountDB
from evennia.utils.create import create_account

from world_fixtures.game import spectating
from world_fixtures.game.commands.spectator import SpectatorCmdSet

NAME = "spectator"


class Spectator(DefaultAccount):
    """An account that looks on: it has no character and no other commands."""

    def get_cmdsets(self, caller: Any, current: Any, **kwargs: Any) -> tuple[Any, list[Any]]:
        """Return the spectator's commands and no others (Evennia's hook)."""
        cmdset = SpectatorCmdSet()
        return cmdset, [cmdset]

    def at_post_login(self, session: Any = None, **kwargs: Any) -> None:
        """Say what there is to do (Evennia's hook)."""
        session.msg(logged_in={})
        self.msg("You can look on: `instances` lists what there is, `watch` shows it, `quit` ends.")

    def at_disconnect(self, reason: str | None = None, **kwargs: Any) -> None:
        """Look on at nothing any more (Evennia's hook)."""
        spectating.leave(self)

    def _send_to_connect_channel(self, message: str) -> None:
        """There are no channels."""


def ensure_spectator(word: str) -> None:
    """Have the account of spectators, with this password."""
    found = AccountDB.objects.filter(username=NAME).first()
    if found is None:
        found = create_account(NAME, None, word, typeclass=Spectator)
    found.set_password(word)
    found.save()
