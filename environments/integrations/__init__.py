"""The world in other programs: each module serves one kind of program and imports no other."""
