"""A search for reward without the task: see docs/audit.md."""
