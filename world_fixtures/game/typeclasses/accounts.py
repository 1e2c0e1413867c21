"""Accounts: sealed ones for rollouts, and those of people."""

from __future__ import annotations

from typing import Any

from evennia.accounts.accounts import DefaultAccount

from world_fixtures.game import spectating


class Account(DefaultAccount):
    """The account of a person."""


class SealedAccount(DefaultAccount):
    """An account that exists for one character and can do nothing but play it."""

    character: Any = None
    """Set when the instance is spawned or loaded."""

    def at_post_login(self, session: Any = None, **kwargs: Any) -> None:
        session.msg(logged_in={})
        self.puppet_object(session, self.character)

    def _send_to_connect_channel(self, message: str) -> None:
        """There are no channels."""


class Spectator(DefaultAccount):
    """An account that looks on: it has no character and no other commands."""

    def get_cmdsets(self, caller: Any, current: Any, **kwargs: Any) -> tuple[Any, list[Any]]:
        from world_fixtures.game.commands.spectator import SpectatorCmdSet

        cmdset = SpectatorCmdSet()
        return cmdset, [cmdset]

    def at_post_login(self, session: Any = None, **kwargs: Any) -> None:
        session.msg(logged_in={})
        self.msg("You can look on: `instances` lists what there is, `watch` shows it, `quit` ends.")

    def at_disconnect(self, reason: str | None = None, **kwargs: Any) -> None:
        spectating.leave(self)

    def _send_to_connect_channel(self, message: str) -> None:
        """There are no channels."""
