"""`python -m environments`: the command `evennia-world`, from a clone without installation."""

from environments.cli import main

if __name__ == "__main__":  # worker processes import it, too
    raise SystemExit(main())
