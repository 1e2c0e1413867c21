"""The three modes of an environment: evaluate, process and serve.

Each mode is a module with a function of its name and the Protocol of what it needs of an
environment. They load Atropos, so the names are taken from the modules and not from here.
"""
