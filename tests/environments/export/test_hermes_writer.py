"""Hermes trajectories beside the groups: whole items, continued where the groups end."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from environments.cli import main
from environments.export.hermes import COMPLETED, FAILED
from environments.export.hermes_writer import (
    HermesWriter,
    gather,
    gathering,
    trajectories_directory,
)
from environments.rollouts.owner import owner_record
from environments.rollouts.record import Rollout, StopReason
from environments.tools.registry import toolsets_of
from world_fixtures.common import UserError


def items(directory: Path) -> list[int]:
    lines = [
        json.loads(line)
        for name in (COMPLETED, FAILED)
        for line in (directory / name).read_text().splitlines()
    ]
    assert all(line["metadata"]["batch_num"] == line["prompt_index"] for line in lines)
    return [line["prompt_index"] for line in lines]


def test_items_that_are_not_done_are_cut_out_and_written_again(rollouts, tmp_path):
    directory = trajectories_directory(tmp_path / "groups.jsonl")
    assert directory == tmp_path / "groups.hermes"
    failed = rollouts[0].model_copy(
        update={"verdict": None, "stop": StopReason.ENDPOINT, "failure": "no answer"}
    )
    with HermesWriter(directory, toolsets_of) as writer:
        for item in range(3):
            writer.add(item, [rollouts[0], rollouts[1], failed])
    whole = [(directory / name).read_bytes() for name in (COMPLETED, FAILED)]
    (directory / COMPLETED).write_bytes(whole[0][:-50])  # the last line is torn
    with HermesWriter(directory, toolsets_of, done={0: None, 1: None}) as writer:
        assert set(items(directory)) == {0, 1}
        writer.add(2, [rollouts[0], rollouts[1], failed])
    assert [(directory / name).read_bytes() for name in (COMPLETED, FAILED)] == whole
    line = json.loads(whole[1].splitlines()[-1])
    assert (line["failure"], line["completed"], line["partial"]) == ("no answer", False, False)


def test_files_of_something_else_are_left_alone(tmp_path):
    (tmp_path / COMPLETED).write_text('{"other": 1}\n')
    with pytest.raises(UserError, match="other things"):
        HermesWriter(tmp_path, toolsets_of)
    assert (tmp_path / COMPLETED).read_text() == '{"other": 1}\n'


@pytest.mark.parametrize("recorded", [True, False])
def test_an_export_replaces_no_trajectories_of_process(run, rollouts, tmp_path, recorded, capsys):
    directory = trajectories_directory(tmp_path / "g.jsonl")
    with HermesWriter(directory, toolsets_of, groups=tmp_path / "g.jsonl") as writer:
        writer.add(0, rollouts[:1])
    whole = (directory / COMPLETED).read_bytes()
    if recorded:
        directory = directory.rename(tmp_path / "moved")
    else:  # by an earlier version
        owner_record(directory).unlink()
    assert main(["export", "hermes", str(run), "--out", str(directory)]) == 2
    assert "holds the trajectories of a run of `process`" in capsys.readouterr().err
    assert (directory / COMPLETED).read_bytes() == whole


async def test_rollouts_are_gathered_by_the_item_they_were_played_for(rollouts):
    async def item(played: list[Rollout]) -> list[Rollout]:
        with gathering() as found:
            async with asyncio.TaskGroup() as group:
                for rollout in played:
                    group.create_task(one(rollout))
        return found

    async def one(rollout: Rollout) -> None:
        await asyncio.sleep(0)
        gather(rollout)

    found = await asyncio.gather(item(rollouts[:2]), item(rollouts[2:4]))
    assert found == [rollouts[:2], rollouts[2:4]]
    gather(rollouts[0])  # outside there is no list: nobody wants it
