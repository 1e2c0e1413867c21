"""The kinds of task, one file a family."""
