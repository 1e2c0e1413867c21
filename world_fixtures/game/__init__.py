"""An Evennia game directory. `evennia migrate` and `evennia start` work in it."""
