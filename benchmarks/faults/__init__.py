"""Faults drawn from a seed, and what must be in the files at the end: `evennia-world bench faults`.

`plan` draws the faults of a case, `book` the tasks and what each deserves, `endpoint` is the
model, `programs` starts and ends the programs, `trainer` is what `serve` feeds, `oracle` judges
the files, `run` plays the cases.
"""

from benchmarks.faults.run import measure

__all__ = ["measure"]
