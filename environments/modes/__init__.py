"""The three modes of an environment: evaluate, process and serve."""
