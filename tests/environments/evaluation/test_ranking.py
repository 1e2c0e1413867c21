"""Any number of runs: ranking, pairs, the page, and the leaderboard of a directory."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from environments.cli import main
from environments.evaluation.contestants import contestant, load_contestants
from environments.evaluation.leaderboard import boards_of, write_leaderboard
from environments.evaluation.ranking import Ranking, rank
from environments.evaluation.ranking_page import Board, ranking_page
from environments.evaluation.ranking_text import ranking_text
from environments.evaluation.run_directory import RunDirectory
from environments.evaluation.run_identity import Run
from environments.evaluation.run_samples import RunSamples
from environments.evaluation.statistics import holm
from world_fixtures.common import UserError


@pytest.fixture
def play(rollout, suite_of):
    """Rollouts of `model`, that solves a share of n tasks, drawn by its name; None: unscored."""

    def played(model: str, share: float, n: int = 40, spared: int = 0):
        draw = random.Random(model)
        tasks = suite_of(n)
        rewards = [None] * spared + [float(draw.random() < share) for _ in range(n - spared)]
        return [rollout(t, r, model=model) for t, r in zip(tasks, rewards, strict=True)]

    return played


@pytest.fixture
def contend(play):
    def made(model: str, share: float, **more):
        rollouts = tuple(play(model, share, **more))
        return contestant(Path(f"runs/{model}"), RunSamples(source=model, rollouts=rollouts))

    return made


@pytest.fixture
def save(play, tmp_path):
    def saved(where: str, model: str, share: float, *, suite="mine", kept=None, **more) -> Path:
        rollouts = play(model, share, **more)
        out = tmp_path / where
        run = Run.of([r.task for r in rollouts], suite=suite, model=model, settings={})
        with RunDirectory(out, run) as directory:
            for rollout in rollouts[:kept]:
                directory.add(rollout)
        return out

    return saved


def test_the_best_comes_first_and_only_certain_differences_fix_a_place(contend) -> None:
    found = rank([contend("weak", 0.1), contend("strong", 0.9), contend("strong2", 0.9)])
    assert found.standings[-1].name == "weak"
    assert [(s.best, s.worst) for s in found.standings] == [(1, 2), (1, 2), (3, 3)]
    assert [s.place for s in found.standings] == [1, 2, 3]
    certain = {frozenset((p.a, p.b)) for p in found.pairs if p.significant}
    assert certain == {frozenset(("weak", "strong")), frozenset(("weak", "strong2"))}


def test_runs_with_the_same_scores_share_a_place(contend) -> None:
    same = contend("one", 0.5).model_copy(update={"name": "two"})
    found = rank([contend("one", 0.5), same, contend("weak", 0.0)])
    assert [s.place for s in found.standings] == [1, 1, 3]


def test_p_values_are_corrected_by_holm() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.5, 0.9]) == [1.0, 1.0]
    assert holm([]) == []


def test_pairs_are_corrected_for_their_number(contend) -> None:
    found = rank([contend(f"m{i}", 0.2 + 0.2 * i) for i in range(4)])
    p = [pair.p_value for pair in found.pairs]
    assert len(p) == 6
    assert [pair.p_holm for pair in found.pairs] == pytest.approx(holm(p))


def test_who_was_spared_tasks_is_ranked_over_those_that_all_have_scored(contend) -> None:
    found = rank([contend("spared", 1.0, spared=10), contend("whole", 1.0)])
    assert (found.tasks, found.left_out) == (30, 10)
    spared = next(s for s in found.standings if s.name == "spared")
    assert (spared.place, spared.failed, spared.score.mean) == (1, 10, 1.0)
    assert spared.unscored_as_0 is not None
    assert spared.unscored_as_0.mean == 0.75


def test_runs_of_one_model_are_named_by_their_directories(save) -> None:
    runs = [save(where, "m", 0.5) for where in ("hot", "cold", "again/hot")]
    names = [run.name for run in load_contestants([*runs, runs[0]])]
    assert names[:2] == ["m (hot)", "m (cold)"]
    assert names[2] == f"m ({runs[2]})"
    assert len(set(names)) == 4


def test_the_text_names_models_and_no_paths(contend) -> None:
    text = ranking_text(rank([contend("weak", 0.1), contend("strong", 0.9)]))
    lines = [line.split() for line in text.splitlines()]
    assert ["1", "1", "strong"] in [line[:3] for line in lines]
    assert "strong - weak" in text or "weak - strong" in text
    assert "runs/" not in text
    assert "unknown" in text  # the cost


def test_compare_ranks_any_number_of_runs(save, tmp_path, capsys) -> None:
    runs = [save("a", "m-a", 0.9), save("b", "m-b", 0.5), save("c", "m-c", 0.1)]
    files = ["--json", str(tmp_path / "r.json"), "--html", str(tmp_path / "r.html")]
    assert main(["compare", *map(str, runs), *files]) == 0
    assert "3 runs by reward, over 40 tasks of mine" in capsys.readouterr().out
    found = Ranking.model_validate_json((tmp_path / "r.json").read_text())
    assert [s.name for s in found.standings] == ["m-a", "m-b", "m-c"]
    page = (tmp_path / "r.html").read_text()
    assert page.index("m-a") < page.index("m-b") < page.index("m-c")


def test_compare_of_two_keeps_its_json(save, tmp_path, capsys) -> None:
    runs = [save("a", "m-a", 0.9), save("b", "m-b", 0.1)]
    assert main(["compare", *map(str, runs), "--json", str(tmp_path / "r.json")]) == 0
    found = json.loads((tmp_path / "r.json").read_text())
    assert found["difference"] < 0
    assert {"mean_a", "mean_b", "p_value", "flipped"} <= found.keys()
    assert "m-a" in capsys.readouterr().out


def test_a_page_runs_no_script_and_needs_no_network(contend, hostile, tmp_path) -> None:
    bad = contend("bad", 0.5).model_copy(update={"name": hostile})
    board = Board(title=hostile, ranking=rank([bad, contend("good", 1.0)]), notes=(hostile,))
    page = ranking_page("t", [board], tmp_path / "p.html")
    assert "<script" not in page
    assert "<img" not in page
    assert "http" not in page.replace('xmlns="http://www.w3.org/2000/svg"', "").replace(
        "http-equiv", ""
    )


def test_a_page_tells_what_is_unscored_where_anything_is(contend, tmp_path) -> None:
    def page_of(**more) -> str:
        runs = [contend("one", 1.0, **more), contend("two", 0.5)]
        return ranking_page("t", [Board(title="b", ranking=rank(runs))], tmp_path / "p.html")

    assert "unscored as 0" not in page_of()
    assert "0.75 [" in page_of(spared=10)


def test_a_leaderboard_ranks_what_played_the_same_tasks(save, tmp_path) -> None:
    save("deep/a", "m-a", 0.9)
    save("b", "m-b", 0.1)
    save("b/baselines/oracle", "oracle", 1.0)  # belongs to its run
    save("other", "m-c", 0.5, suite="other", n=10)
    boards = boards_of(tmp_path)
    assert [b.title for b in boards] == ["mine", "other"]
    assert boards[0].ranking is not None
    assert [s.name for s in boards[0].ranking.standings] == ["m-a", "m-b"]


def test_an_unfinished_run_is_named_and_not_ranked(save, tmp_path) -> None:
    save("a", "m-a", 0.9)
    save("b", "m-b", 0.9, kept=7)
    (board,) = boards_of(tmp_path)
    assert board.ranking is not None
    assert [s.name for s in board.ranking.standings] == ["m-a"]
    assert "7 of 40 rollouts are played" in board.notes[0]


def test_a_damaged_run_does_not_hide_the_others(save, tmp_path) -> None:
    save("a", "m-a", 0.9)
    (save("b", "m-b", 0.9) / "run.json").write_text("{")
    boards = boards_of(tmp_path)
    assert [b.title for b in boards] == ["mine", "Not read"]
    assert "run.json is damaged" in boards[1].notes[0]


def test_the_page_links_to_reports_beside_it(save, tmp_path, capsys) -> None:
    (save("runs a/x", "m-a", 0.9) / "report.html").write_text("a report")
    assert main(["leaderboard", str(tmp_path), "--title", "Ours"]) == 0
    page = (tmp_path / "leaderboard.html").read_text()
    assert "<h1>Ours</h1>" in page
    assert 'href="runs%20a/x/report.html"' in page
    assert capsys.readouterr().out.splitlines()[-1].endswith("leaderboard.html")


def test_a_directory_without_runs_is_told(tmp_path) -> None:
    with pytest.raises(UserError, match="there is no run under"):
        write_leaderboard(tmp_path)


def test_what_is_no_leaderboard_is_not_replaced(save, tmp_path, capsys) -> None:
    runs = [str(save("a", "m-a", 0.9)), str(save("b", "m-b", 0.1))]
    page = tmp_path / "leaderboard.html"
    page.write_text("<p>mine</p>")
    records = Path(runs[0]) / "samples.jsonl"
    samples = records.read_text()

    assert main(["leaderboard", str(tmp_path)]) == 2
    assert main(["compare", *runs, "--html", str(page)]) == 2
    assert main(["compare", *runs, "--json", str(records)]) == 2
    assert main(["compare", *runs, "--html", str(records)]) == 2

    assert page.read_text() == "<p>mine</p>"
    assert records.read_text() == samples
    page.unlink()
    assert main(["leaderboard", str(tmp_path)]) == main(["leaderboard", str(tmp_path)]) == 0
