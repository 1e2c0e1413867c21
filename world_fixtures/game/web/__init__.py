"""Web pages of the game: Evennia's own, unchanged."""
