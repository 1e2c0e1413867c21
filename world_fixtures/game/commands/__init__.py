"""Commands by which a world is played."""
