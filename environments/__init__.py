"""The agent's side: tasks, rollouts, verdicts and data. Knows no Evennia."""
