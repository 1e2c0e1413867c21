"""What a spectator can do: see which instances there are, and look on at one."""

from __future__ import annotations

from evennia.commands.cmdhandler import CMD_LOGINSTART, CMD_NOMATCH
from evennia.commands.cmdset import CmdSet
from evennia.commands.command import Command
from evennia.commands.default.unloggedin import (
    CmdUnconnectedConnect,
    CmdUnconnectedLook,
    CmdUnconnectedQuit,
)

from world_fixtures.game import spectating
from world_fixtures.text import printable


class CmdInstances(Command):
    """List the instances in which agents are at work.

    Usage:
      instances
    """

    key = "instances"
    aliases = ("list", "who")
    locks = "cmd:all()"

    def func(self) -> None:
        """List the instances (Evennia's hook)."""
        lines = [
            f"  {id_:<8} {title}, {events} events" for id_, title, events in spectating.listed()
        ]
        self.msg("\n".join(["Instances:", *lines]) if lines else "No agent is at work just now.")


class CmdWatch(Command):
    """Look on at an instance: what its agent types, and what it sees.

    Usage:
      watch INSTANCE
      watch            any instance
    """

    key = "watch"
    aliases = ("w",)
    locks = "cmd:all()"

    def func(self) -> None:
        """Look on at the instance that was named, or at any (Evennia's hook)."""
        wanted = self.args.strip() or next((name for name, *_ in spectating.listed()), "")
        sight = spectating.sight_of(wanted)
        if sight is None:
            self.msg(f"There is no instance {wanted!r}: `instances` lists them.")
            return
        spectating.watch(self.account, wanted)
        title, agent, view = sight
        self.msg(f"You look on at {wanted}, {title}, unseen by {agent}.\n")
        self.msg(text=(printable(view), {"type": "world"}), options={"raw": True})


class CmdLeave(Command):
    """Look on at nothing.

    Usage:
      leave
    """

    key = "leave"
    locks = "cmd:all()"

    def func(self) -> None:
        """Look on at nothing (Evennia's hook)."""
        spectating.leave(self.account)
        self.msg("You look on at nothing now.")


class CmdQuit(Command):
    """Go.

    Usage:
      quit
    """

    key = "quit"
    locks = "cmd:all()"

    def func(self) -> None:
        """End the session (Evennia's hook)."""
        self.account.disconnect_session_from_account(self.session, "quit")


class CmdOther(Command):
    """Everything else."""

    key = CMD_NOMATCH
    locks = "cmd:all()"

    def func(self) -> None:
        """Say what there is to do (Evennia's hook)."""
        self.msg("You can only look on: instances, watch INSTANCE, leave, quit.")


class SpectatorCmdSet(CmdSet):
    """All that a spectator has."""

    key = "Spectator"
    mergetype = "Replace"

    def at_cmdset_creation(self) -> None:
        """Add the commands (Evennia's hook)."""
        for command in (CmdInstances, CmdWatch, CmdLeave, CmdQuit, CmdOther):
            self.add(command())


class CmdScreen(CmdUnconnectedLook):
    """The screen before log-in."""

    key = CMD_LOGINSTART


class LoginCmdSet(CmdSet):
    """Before log-in: connect, or go."""

    key = "Login"

    def at_cmdset_creation(self) -> None:
        """Add the commands (Evennia's hook)."""
        for command in (CmdUnconnectedConnect, CmdScreen, CmdUnconnectedQuit):
            self.add(command())
