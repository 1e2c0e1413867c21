"""The world for other programs: each module is a host of its own and imports no other."""
