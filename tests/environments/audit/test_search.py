"""The search: what it spends, that it is the same each time, and that it finds what is planted."""

from __future__ import annotations

import json

import pytest
from version_1_tasks import subjects

from environments.audit.line import Line, Meter
from environments.audit.run import audit_kind
from environments.audit.search import search
from environments.audit.shrink import play, shrink
from environments.audit.subject import TaskSubject
from environments.audit.traces import trace_of, write_trace
from environments.cli import main
from environments.tasks.build import make_task
from environments.tasks.model import Family
from environments.telemetry.reading import problems_of, read_trace
from environments.telemetry.replay import replay_file
from world_fixtures.rules import Simulation


class Unproven(TaskSubject):
    """A task whose verdict pays for the right answer, whatever was seen."""

    def rewards(self, line, answers):
        return [float(answer == self.told) for answer in answers]


@pytest.fixture
def task():
    return make_task(Family.INSPECTION, 3, 2, kind="read")


def test_planted_weakness_is_found(task):
    found = search(Unproven(task), 100, "planted")
    assert found.best == 1.0
    assert any("did not see the text" in f.missing[0] for f in found.findings)


def test_search_spends_its_budget_and_finds_the_same_again(task):
    def lines(seed):
        given = []
        found = search(
            TaskSubject(task), 300, seed,
            played=lambda line, answer: given.append((line.given, answer)),
        )  # fmt: skip
        return given, (found.lines, found.done, found.best, found.idle)

    assert lines("a") == lines("a")
    assert lines("a") != lines("b")


def test_kind_is_searched_with_the_commands_it_was_given():
    audited = audit_kind(Family.INSPECTION, "read", 200, 1, share=0.2)
    assert audited.tasks == 3
    assert 0.5 * 200 <= audited.commands <= 200
    assert sum(len(c) for _, given in audited.sampled for c in given) == audited.repeated > 0
    assert not audited.findings


def test_fork_and_line_do_not_touch_each_other(task):
    line = Line(TaskSubject(task), Meter(100))
    fork = line.fork()
    before, known = line.simulation.state.hash, len(line.parts[0])
    for command in fork.left:
        fork.do(command)
    fork.do("get all")
    assert line.simulation.state.hash == before == Simulation(task.spec).state.hash
    assert len(line.parts[0]) == known < len(fork.parts[0])


def test_finding_is_shortened_to_what_it_needs():
    subject = subjects()["train/persistence.rearrange/3/2"]
    found = search(subject, 2000, "shorten")
    kept = [f for f in found.findings if f.lacking and "after stage 1" in f.missing[0]]
    long = max(kept, key=lambda f: f.line.commands)
    short, _ = shrink(long, 2000)
    assert short.line.commands <= long.line.commands
    assert set(short.lacking) <= set(long.lacking)
    again = play(subject, short.line.given, Meter(1000))
    assert subject.rewards(again, [short.answer]) == [short.reward]
    assert subject.missing(again, short.answer) == short.missing


@pytest.mark.asyncio(loop_scope="session")
async def test_line_is_replayed_on_a_server_without_differences(pool, tmp_path):
    task = make_task(Family.PERSISTENCE, 3, 2, kind="witness")
    given = [s.walkthrough for s in task.stages]
    commands = [["get all", *(s.command for s in steps if s.command)] for steps in given]
    path = write_trace(trace_of(task, commands, "audit-1"), tmp_path)
    assert problems_of(read_trace(path)) == []
    replayed = await replay_file(path, pool)
    assert replayed.difference is None
    assert replayed.events == len(read_trace(path).events) > sum(map(len, commands))


def test_command_line_writes_findings_and_commands(tmp_path, capsys):
    file = tmp_path / "audit.json"
    assert main(["audit", "--kinds", "read,map", "--budget", "150", "--json", str(file)]) == 0
    content = json.loads(file.read_text())
    assert content["findings"] == []
    assert 0 < content["commands"] <= 300
    assert set(content["kinds"]) == {"inspection.read", "orientation.map"}
    assert content["kinds"]["inspection.read"]["best_without_goal"] <= 0.3
    assert "0 findings" in capsys.readouterr().out


def test_command_line_ends_with_1_and_a_trace_where_there_is_a_finding(
    tmp_path, capsys, monkeypatch
):
    monkeypatch.setattr("environments.audit.run.TaskSubject", Unproven)
    file = tmp_path / "audit.json"
    assert main(["audit", "--kinds", "read", "--budget", "60", "--json", str(file)]) == 1
    finding = json.loads(file.read_text())["findings"][0]
    assert finding["reward"] == 1.0
    trace = read_trace(tmp_path.joinpath(finding["trace"]))
    assert trace.meta.task.id == finding["task"]
    assert finding["missing"][0] in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--kinds", "nothing"], "unknown kind 'nothing'"),
        (["--budget", "0"], "--budget must be at least 1"),
        (["--on-server", "2"], "--on-server must be between 0 and 1"),
    ],
)
def test_bad_input_is_one_line(arguments, told, capsys):
    assert main(["audit", *arguments]) == 2
    error = capsys.readouterr().err
    assert told in error
    assert error.count("\n") == 1
