"""The command set of people's characters: Evennia's own and the world's on top."""

from evennia.commands.default.cmdset_character import CharacterCmdSet as EvenniaCharacterCmdSet

from world_fixtures.game.commands.sealed import WORLD_COMMANDS


class CharacterCmdSet(EvenniaCharacterCmdSet):
    """Everything Evennia offers a character; `look`, `get` and the like act by the rules."""

    def at_cmdset_creation(self) -> None:
        """Add Evennia's commands and those of the world (Evennia's hook)."""
        super().at_cmdset_creation()
        for command in WORLD_COMMANDS:
            if command.key != "help":
                self.add(command())
