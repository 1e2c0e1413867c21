"""The agent's side: tasks, rollouts, verdicts and data. Knows no Evennia."""

__version__ = "0.1.0"
"""Of the whole project."""
