"""What the entities of a world are, as Evennia typeclasses."""
