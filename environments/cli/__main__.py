"""`python -m environments.cli`: the console script, from a clone without installation."""

from environments.cli import main

raise SystemExit(main())
