"""Accounts: sealed ones for rollouts, and those of people."""

from __future__ import annotations

from typing import Any

from evennia.accounts.accounts import DefaultAccount


class Account(DefaultAccount):
    """The account of a person."""


class SealedAccount(DefaultAccount):
    """An account that exists for one character and can do nothing but play it."""

    character: Any = None
    """Set when the instance is spawned or loaded."""

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Store nothing (Django's method): what a log-in changes is of no use after a restart."""

    def at_post_login(self, session: Any = None, **kwargs: Any) -> None:
        """Play the one character there is (Evennia's hook)."""
        session.msg(logged_in={})
        self.puppet_object(session, self.character)

    def _send_to_connect_channel(self, message: str) -> None:
        """There are no channels."""
