"""The sealed command set: the verbs of the world, and nothing that reaches outside it.

It is made once and shared by every sealed character, so Evennia's cache of merged sets
holds one entry and no command is merged or copied for a look-up.
"""

from __future__ import annotations

from typing import Any

from evennia.commands.cmdhandler import CMD_NOINPUT, CMD_NOMATCH
from evennia.commands.cmdset import CmdSet
from evennia.commands.command import Command

from world_fixtures.game import spectating
from world_fixtures.rules.grammar import DIRECTIONS, VERBS


class WorldCommand(Command):
    """Base of all commands of a world: the rules decide, the character is shown the outcome."""

    locks = "cmd:all()"
    help_category = "World"
    auto_help = False
    retain_instance = True  # one command runs at a time and keeps nothing

    def func(self) -> None:
        """Carry the command out by the rules and show what came of it (Evennia's hook)."""
        character = self.caller
        if character.instance is None:
            self.msg("You are in no world.")
            return
        if spectating.watchers:
            spectating.tell(character.instance.id, f"{_who(character)}> {self.raw_string}")
        outcome = character.instance.perform(character.entity, self.raw_string)
        if self.session is not None:
            self.session.outcome = outcome
        character.show(outcome.text)


def _who(character: Any) -> str:
    """Return the name of a character that is not the agent's, to stand before what it types."""
    spec = character.instance.spec
    found = {c.id: c.name for c in spec.characters if c.id != spec.agent.id}
    name = found.get(character.entity)
    return f"{name} " if name else ""


def _command(verb: str, words: tuple[str, ...], about: str) -> type[WorldCommand]:
    key = words[0]
    aliases = [*words[1:], *(DIRECTIONS if verb == "go" else ())]
    body = {"key": key, "aliases": aliases, "__doc__": about, "__module__": __name__}
    return type(f"Cmd{verb.title().replace('_', '')}", (WorldCommand,), body)


WORLD_COMMANDS: tuple[type[WorldCommand], ...] = tuple(
    _command(verb, words, about) for verb, (words, about) in VERBS.items() if words
)
"""One Evennia command class a verb; its docstring is its in-game help."""


class NotUnderstood(WorldCommand):
    """What no command matches: the rules say why and suggest one of their own."""

    key = CMD_NOMATCH


class NoInput(WorldCommand):
    """An empty line."""

    key = CMD_NOINPUT


class SealedCmdSet(CmdSet):
    """The commands of a sealed character; no objects, exits or channels add to them."""

    key = "SealedCmdSet"
    no_objs = True
    no_exits = True
    no_channels = True
    mergetype = "Replace"

    def at_cmdset_creation(self) -> None:
        """Add every command of the world (Evennia's hook)."""
        for command in (*WORLD_COMMANDS, NotUnderstood, NoInput):
            self.add(command())
        self.by_word = {word: c for c in self.commands for word in (c.key, *c.aliases)}

    def __radd__(self, other: CmdSet) -> SealedCmdSet:
        """Return itself, merged onto anything: Python asks a subclass's __radd__ first."""
        return self


SEALED = SealedCmdSet()
