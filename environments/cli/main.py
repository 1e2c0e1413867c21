"""`python -m environments.cli.main`: the console script, from a clone without installation."""

from environments.cli import main

if __name__ == "__main__":  # worker processes import it, too
    raise SystemExit(main())
