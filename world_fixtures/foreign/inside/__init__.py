"""What runs in the process of a game that somebody else wrote: it imports Evennia and that game."""
