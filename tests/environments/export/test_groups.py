"""Files of groups, as `process` writes them, are exported like runs."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest

from environments.cli import main
from environments.export.groups import GroupRollout, read_groups
from environments.export.tables import table
from environments.modes.groups_file import GroupsFile, group_line
from environments.rollouts.files import json_line
from environments.rollouts.groups import ScoredRollout, scored_groups, without_rows
from environments.rollouts.training_sequence import TrainingSequence
from world_fixtures.common import UserError

pytestmark = pytest.mark.once
SETTINGS = {"model": "m", "provider": "h", "enabled_toolsets": ["evennia"], "tasks_version": 2}


def written(path, items, settings=SETTINGS):
    """A file of groups with these rollouts of each item."""
    with GroupsFile(path, settings) as file:
        for number, rollouts in enumerate(items):
            groups = scored_groups(rollouts, len(rollouts))
            file.add(b"".join(json_line({**g, "item": number, "part": n, "parts": len(groups)})
                              for n, g in enumerate(groups)))  # fmt: skip
    return path


def group(rollouts, cut=lambda conversation: [conversation]):
    """Rollouts of one task as training data; `cut` gives the sequences of a conversation."""
    return [
        ScoredRollout(
            [TrainingSequence([1], [1], None, messages)
             for c in r.conversations for messages in cut(c)],
            r.verdict.reward,
            {"task": r.task.id, "success": r.verdict.success, "parts": r.verdict.parts},
            [m for c in r.conversations for m in c],
        )
        for r in rollouts
    ]  # fmt: skip


@pytest.fixture
def by_task(rollouts):
    found = {}
    for rollout in rollouts:
        found.setdefault(rollout.task.id, []).append(rollout)
    return list(found.values())


def prefixes(conversation):
    """What a template makes of it that shows each turn otherwise once more follows."""
    ends = [n for n, m in enumerate(conversation) if m["role"] == "assistant"]
    return [conversation[: n + 1] for n in ends]


def only_tokens(conversation):
    return [[]]


def schemas(settings):
    return [{"type": "function", "function": {"name": settings["enabled_toolsets"][0]}}]


@pytest.mark.parametrize("cut", [lambda c: [c], prefixes, only_tokens])
def test_rows_are_those_of_the_rollouts(tmp_path, by_task, cut):
    path = written(tmp_path / "groups.jsonl", [group(rollouts, cut) for rollouts in by_task])
    read = read_groups(path, schemas)
    played = [r for rollouts in by_task for r in rollouts]
    assert len(read) == len(played)
    for name in ("sft", "kto"):
        for row, own in zip(table(name, read), table(name, played), strict=True):
            for key in ("messages", "prompt", "completion", "label", "reward", "task_id", "stage"):
                assert row.get(key) == own.get(key)
    assert len(table("dpo", read)) == len(table("dpo", played)) > 0
    assert {(r.model, r.provider, r.task.version) for r in read} == {("m", "h", 2)}
    assert read[0].tools == schemas(SETTINGS)


def test_the_command_takes_a_file_or_its_directory_and_leaves_out_what_is_torn(
    tmp_path, by_task, capsys
):
    path = written(tmp_path / "g" / "groups.jsonl", list(map(group, by_task)))
    with path.open("ab") as file:
        file.write(group_line({"tokens": []})[:-1])
    rows = []
    for number, source in enumerate((path, path.parent)):
        out = tmp_path / f"out{number}"
        assert main(["export", "sft", str(source), "--out", str(out)]) == 0
        rows.append((out / "sft.jsonl").read_text())
    assert rows[0] == rows[1]
    row = json.loads(rows[0].splitlines()[0])
    names = [tool["function"]["name"] for tool in json.loads(row["tools"])]
    assert "evennia_submit" in names
    assert row["session_id"] == "groups-0-0"


@pytest.mark.parametrize("form", ["hermes", "tensorzero", "prm_steps", "dpo_steps"])
def test_a_format_that_needs_events_says_so(tmp_path, by_task, capsys, form):
    path = written(tmp_path / "groups.jsonl", list(map(group, by_task)))
    assert main(["export", form, str(path), "--out", str(tmp_path / "out")]) == 2
    told = capsys.readouterr().err
    assert "no events" in told
    assert told.count("\n") == 1
    assert ("groups.hermes" in told) is (form == "hermes")


def test_a_damaged_file_is_named_with_the_line(tmp_path, by_task):
    path = written(tmp_path / "groups.jsonl", [group(by_task[0])])
    with path.open("ab") as file:
        file.write(b'{"item": 1, "part": 0}\n')
    with pytest.raises(UserError, match=r"line [0-9]+ is no group") as refused:
        read_groups(path, schemas)
    assert "delete" not in str(refused.value)


def test_a_group_without_a_record_beside_it_is_read(tmp_path, by_task):
    path = written(tmp_path / "groups.jsonl", [group(by_task[0])])
    (tmp_path / "groups.jsonl.run.json").unlink()
    (first, *_) = read_groups(path, lambda settings: [])
    assert isinstance(first, GroupRollout)
    assert first.task.id == by_task[0][0].task.id
    assert SimpleNamespace(**vars(first)).tools == []


def test_a_group_without_rows_has_nothing_to_export(tmp_path, by_task):
    path = written(tmp_path / "groups.jsonl", [group(by_task[0]), group(by_task[1])])
    lines = list(map(json.loads, path.read_text().splitlines()))
    kept = [g for g in lines if g["item"] == 1]
    path.write_bytes(b"".join(map(group_line, [without_rows(lines[0]), *kept])))
    assert {r.task.id for r in read_groups(path, schemas)} == {by_task[1][0].task.id}
