"""Measuring: suites played to the end, numbers with their uncertainty, reports, comparisons.

run_identity       what a run is
run_directory      the files of one run
suite_runner       plays a suite, resumably
progress           what is shown meanwhile
embedded           rollouts by a policy in the place of a model
baselines          scores of policies to read a score by
baseline_runner    plays them where none ship
candidate          a second model compared with the run's own: canary or shadow
candidate_summary  the comparison of the two
metrics            rollouts -> Metrics (pure)
diagnostics        rollouts -> what they say besides their scores (pure)
statistics         intervals and tests over tasks (pure)
run_samples        the rollouts of a run, and whether two runs can be compared
expenses           tokens, time and cost of a run (pure)
compare            two runs, paired by task (pure)
comparison_text    what is said of them on a terminal
contestants        runs as a ranking needs them
ranking            any number of runs, with tests of all pairs (pure)
ranking_text       what is said of them on a terminal
ranking_page       one HTML page of rankings
leaderboard        the page of all runs under a directory
leaderboard_text   what is said of it on a terminal
results_text       the table with which `evaluate` ends
results            writes the files for a reader, each made in one of the following
metrics_file       metrics.json
formatting         numbers as text
summary            summary.md
report             report.html, with plots and sample_detail
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from environments.lazy import lazily

if TYPE_CHECKING:
    from environments.evaluation.compare import Comparison
    from environments.evaluation.metrics import Measure, Metrics, Score, measure_run, scored
    from environments.evaluation.results import conclude, conclude_directory, load_run
    from environments.evaluation.run_directory import RunDirectory
    from environments.evaluation.run_identity import Run
    from environments.evaluation.run_samples import load_samples
    from environments.evaluation.suite_runner import run_suite
else:
    # Most load scipy, which the diagnostics of one rollout do without.
    __getattr__ = lazily(
        __name__,
        compare="Comparison",
        metrics="Measure Metrics Score measure_run scored",
        results="conclude conclude_directory load_run",
        run_directory="RunDirectory",
        run_identity="Run",
        run_samples="load_samples",
        suite_runner="run_suite",
    )

__all__ = [
    "Comparison",
    "Measure",
    "Metrics",
    "Run",
    "RunDirectory",
    "Score",
    "conclude",
    "conclude_directory",
    "load_run",
    "load_samples",
    "measure_run",
    "run_suite",
    "scored",
]
