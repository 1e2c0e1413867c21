"""Measuring: suites played to the end, numbers with their uncertainty, reports, comparisons.

statistics  intervals and tests over tasks (pure)
metrics     rollouts -> Metrics (pure)
rundir      the files of one run
lane        plays a suite, resumably
results     metrics.json, summary.md and report.html of a run directory
compare     two runs, paired by task
"""
