"""Fixed sets of tasks to measure by."""
