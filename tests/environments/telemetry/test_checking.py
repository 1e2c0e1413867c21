"""`validate`, `pair` and the published schema."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from environments.cli import main
from environments.rollouts.files import sample_line
from environments.telemetry.layout import meta_path
from environments.telemetry.recording import record_rollout, trace_events, trace_meta
from environments.telemetry.schema import PATH, schema_text
from environments.telemetry.writer import line_of


@pytest.fixture(scope="module")
def run(rollouts, tmp_path_factory) -> Path:
    """A run directory with all rollouts, to be read."""
    directory = tmp_path_factory.mktemp("run")
    (directory / "samples.jsonl").write_bytes(b"".join(map(sample_line, rollouts)))
    return directory


@pytest.fixture(scope="module")
def recorded(run, tmp_path_factory) -> Path:
    """A tree with the run recorded, to be read."""
    tree = tmp_path_factory.mktemp("recorded") / "tree"
    assert main(["telemetry", "record", str(run), "--root", str(tree)]) == 0
    return tree


@pytest.fixture
def root(recorded, tmp_path) -> Path:
    """A copy of that tree, to be changed."""
    return Path(shutil.copytree(recorded, tmp_path / "tree"))


def edit(path: Path, line: int, change: Callable[[dict[str, Any]], Any]) -> None:
    """Change one line of a trace."""
    lines = path.read_bytes().splitlines(keepends=True)
    event = json.loads(lines[line])
    change(event)
    lines[line] = json.dumps(event).encode() + b"\n"
    path.write_bytes(b"".join(lines))


def test_every_event_of_the_agent_is_matched(run, root, rollouts, capsys):
    assert main(["telemetry", "validate", str(root)]) == 0
    assert main(["telemetry", "pair", str(run), "--root", str(root)]) == 0
    printed = capsys.readouterr().out
    matched = sum(
        e.actor == r.task.spec.agent.id and e.cause is None for r in rollouts for e in r.events
    )
    assert matched > 100
    assert f"{matched} events matched, 0 unmatched" in printed


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda e: e.update(tool_call_id="nowhere"), "has no tool call 'nowhere'"),
        (lambda e: e.update(tool_call_id=None), "has no tool call None"),
        (lambda e: e.update(turn=9), "has no tool call"),
        (lambda e: e.update(raw="dance"), "is not what tool call"),
    ],
)
def test_pair_names_what_is_left_over_on_both_sides(run, root, rollouts, change, says, capsys):
    rollout = next(r for r in rollouts if len(r.events) > 3)
    edit(record_rollout(rollout, root), 2, change)
    assert main(["telemetry", "pair", str(run), "--root", str(root)]) == 1
    printed = capsys.readouterr().out
    assert f"{rollout.id}: event 3" in printed
    assert says in printed
    if "is not what" not in says:
        assert "has no event" in printed


def test_pair_tells_a_missing_event_and_a_missing_trace(run, root, rollouts, capsys):
    first, second = (record_rollout(r, root) for r in rollouts[:2])
    first.write_bytes(b"".join(first.read_bytes().splitlines(keepends=True)[:-1]))
    second.unlink()
    assert main(["telemetry", "pair", str(run), "--root", str(root)]) == 1
    printed = capsys.readouterr().out
    assert f"{rollouts[0].id}: tool call" in printed
    assert f"{rollouts[1].id}: has no trace" in printed


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda e: e.update(seq=7), "seq is 7, expected 2"),
        (lambda e: e.update(session_id="other"), "session_id is 'other'"),
        (lambda e: e.update(kind="wonderful"), "kind: Input should be"),
        (lambda e: e.pop("state_hash"), "state_hash: Field required"),
        (lambda e: e.update(extra=1), "extra: Extra inputs"),
    ],
)
def test_validate_names_the_line(root, rollouts, change, says, capsys):
    path = record_rollout(rollouts[0], root)
    edit(path, 1, change)
    assert main(["telemetry", "validate", str(root)]) == 1
    printed = capsys.readouterr().out
    assert f"{path} line 2" in printed
    assert says in printed


def test_validate_finds_files_out_of_place(root, rollouts, capsys):
    paths = [record_rollout(r, root) for r in rollouts[:3]]
    meta_path(paths[0]).unlink()
    paths[1].unlink()
    paths[2].rename(paths[2].with_name("stranger.jsonl"))
    assert main(["telemetry", "validate", str(root)]) == 1
    printed = capsys.readouterr().out
    assert f"cannot read {meta_path(paths[0])}" in printed
    assert f"{meta_path(paths[1])}: has no events file" in printed
    assert "stranger" in printed


def test_bad_input_is_reported_in_one_line(tmp_path, capsys):
    for command in (
        ["telemetry", "validate", str(tmp_path / "nothing")],
        ["telemetry", "pair", str(tmp_path), "--root", str(tmp_path)],
        ["replay", str(tmp_path)],
        ["replay", str(tmp_path / "nothing.jsonl")],
        ["export", "sft", str(tmp_path), "--out", str(tmp_path / "out")],
    ):
        assert main(command) == 2
        assert len(capsys.readouterr().err.splitlines()) == 1


def test_the_published_schema_is_that_of_the_models_and_takes_what_is_written(with_restart):
    assert PATH.read_text() == schema_text()
    schema = json.loads(PATH.read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    validators = {
        name: jsonschema.Draft202012Validator({**schema, "$ref": f"#/$defs/{name}"})
        for name in ("TraceMeta", "TraceEvent")
    }

    def check(name: str, line: bytes) -> None:
        validators[name].validate(json.loads(line))

    check("TraceMeta", line_of(trace_meta(with_restart)))
    for event in trace_events(with_restart):
        check("TraceEvent", line_of(event))
    with pytest.raises(jsonschema.ValidationError):
        check("TraceEvent", b'{"seq": 1}')
