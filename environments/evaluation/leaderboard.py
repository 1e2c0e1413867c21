"""The leaderboard of a directory: all runs under it, ranked where they played the same tasks."""

from __future__ import annotations

import json
import os
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from environments.evaluation.baselines import conditions
from environments.evaluation.contestants import Contestant, load_contestant, named
from environments.evaluation.ranking import rank
from environments.evaluation.ranking_page import Board, ranking_page
from environments.evaluation.run_directory import RUN, read_run
from environments.evaluation.run_identity import Run
from environments.rollouts.files import write_file
from environments.rollouts.replacing import check_page
from world_fixtures.common import UserError

LEADERBOARD = "leaderboard.html"


def write_leaderboard(directory: Path, *, title: str = "") -> list[Board]:
    """Write `leaderboard.html` into `directory` and return what it shows.

    Raises UserError where there is no run under it, or another file of that name is there.
    """
    page = directory / LEADERBOARD
    check_page(page)
    boards = boards_of(directory)
    name = title or f"Leaderboard of {directory.resolve().name}"
    write_file(page, ranking_page(name, boards, page))
    return boards


def boards_of(directory: Path) -> list[Board]:
    """Return a board for each set of tasks and conditions that runs under `directory` played.

    A run is ranked when all its rollouts were played. Those with most runs come first.
    """
    groups: dict[str, list[Path]] = defaultdict(list)
    runs: dict[Path, Run] = {}
    unread: list[str] = []
    for path in find_runs(directory):
        try:
            run = read_run(path)
        except UserError as error:
            unread.append(str(error))
            continue
        if run is not None:
            runs[path] = run
            groups[_key(run)].append(path)
    if not runs and not unread:
        raise UserError(f"there is no run under {directory}: `evaluate` writes them")
    boards = [_board([(path, runs[path]) for path in paths]) for paths in groups.values()]
    boards.sort(key=lambda board: -len(board.ranking.standings) if board.ranking else 1)
    boards = _told_apart(boards)
    if unread:
        boards.append(Board(title="Not read", ranking=None, notes=tuple(unread)))
    return boards


def find_runs(directory: Path) -> Iterator[Path]:
    """Yield the directories of runs under `directory`, and not those within a run: baselines."""
    if not directory.is_dir():
        raise UserError(f"{directory} is no directory: give one that holds runs")
    for path, inner, files in os.walk(directory):
        inner.sort()
        if RUN in files:
            inner.clear()
            yield Path(path)


def _key(run: Run) -> str:
    """Return what runs must agree in to be ranked together."""
    shared = [run.tasks_hash, run.version, run.branch, conditions(run)]
    return json.dumps(shared, sort_keys=True)


def _board(runs: list[tuple[Path, Run]]) -> Board:
    first = runs[0][1]
    finished: list[Contestant] = []
    notes = []
    for path, run in runs:
        try:
            found = load_contestant(path)
        except UserError as error:
            notes.append(str(error))
            continue
        scored = any(score.values is not None for score in found.scores)
        if found.missing:
            played = found.planned - found.missing
            notes.append(f"{run.model} ({path}): {played} of {found.planned} rollouts are played")
        elif not scored:
            notes.append(f"{run.model} ({path}): no rollout could be scored")
        else:
            finished.append(found)
    ranking = None
    if finished:
        try:
            ranking = rank(named(finished))
        except UserError as error:
            notes.append(str(error))
    return Board(title=first.suite, ranking=ranking, notes=tuple(notes), about=_about(first))


def _about(run: Run) -> str:
    attempts = f"; branches from turn {run.branch['turn']}" if run.branch else ""
    return f"tasks {run.tasks_hash[:8]}, version {run.version}{attempts}"


def _told_apart(boards: list[Board]) -> list[Board]:
    """Leave out what a board is about where its title says enough."""
    titles = [board.title for board in boards]
    return [
        board if titles.count(board.title) > 1 else board.model_copy(update={"about": ""})
        for board in boards
    ]
