"""What hosts are given, and what is refused beside them."""

from __future__ import annotations

import asyncio
import pickle
from dataclasses import replace
from pathlib import Path

import pytest

from environments.evennia_world_env import EvenniaWorldEnv
from environments.modes import groups_file
from environments.modes.far import _with_keys, recipe
from environments.modes.groups_file import GroupsFile, GroupsWriter, finished_items, group_line
from environments.modes.options import read_mode_config
from environments.modes.preflight import check
from environments.rollouts.part_files import Manifest, Part
from environments.rollouts.parts import parts_directory
from world_fixtures.common import UserError

KEY = "sk-0123456789-of-nobody"
MODEL = ("--model", "m", "--base-url", "http://127.0.0.1:9/v1")


def made(*options: str):
    config = read_mode_config(EvenniaWorldEnv, [*MODEL, *options], "process")
    return recipe(EvenniaWorldEnv, "process", config)


@pytest.mark.parametrize("named", [("--api-key-env", "MY_KEY"), ()])
def test_no_key_travels_and_each_host_reads_its_own(named, monkeypatch):
    variable = "MY_KEY" if named else "OPENAI_API_KEY"
    monkeypatch.setenv(variable, KEY)
    sent = made("--ray", "auto", *named)
    assert KEY.encode() not in pickle.dumps(sent)
    monkeypatch.setenv(variable, "another")
    assert _with_keys(sent.config)[0].api_key == "another"
    monkeypatch.delenv(variable)
    with pytest.raises(UserError, match=variable):
        _with_keys(sent.config)


def test_a_key_that_is_written_out_is_not_sent_to_other_machines(monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with pytest.raises(UserError, match="--ray sends no keys"):
        made("--ray", "auto", "--openai.api_key", KEY)
    here = made("--workers", "2", "--openai.api_key", KEY)
    assert _with_keys(here.config)[0].api_key == KEY


def test_the_total_of_groups_at_once_is_shared():
    assert made("--workers", "3", "--concurrency", "8").at_once == 3
    assert made("--concurrency", "8", "--workers", "1").at_once == 8


@pytest.mark.parametrize(
    ("mode", "options", "told"),
    [
        ("serve", ("--env.workers", "2"), "serve has --replicas"),
        ("process", ("--env.replicas", "2"), "process has --workers"),
        ("process", ("--workers", "2", "--env.candidate_model", "oracle"), "leave --workers out"),
        ("process", ("--env.part_bytes", "9"), "give --workers or --ray"),
        ("process", ("--ray", "somewhere"), "--ray 'somewhere': give the address of the cluster"),
        ("evaluate", ("--ray", "ray://there:10001"), "HOST:6379, or auto"),
    ],
)
def test_what_does_not_go_together_is_refused(mode, options, told):
    with pytest.raises(UserError, match=told):
        check(mode, read_mode_config(EvenniaWorldEnv, options, mode))


async def test_nothing_more_is_begun_while_too_much_waits(tmp_path, monkeypatch):
    monkeypatch.setattr(groups_file, "MAX_HELD", 10)
    with GroupsFile(tmp_path / "groups.jsonl", {}) as file:
        writer = GroupsWriter(file, True, 3, lambda writer: None)
        writer.add(1, line(1), False)
        waiting = asyncio.create_task(writer.room())
        await asyncio.sleep(0)
        assert not waiting.done()
        writer.add(0, line(0), False)
        await waiting
        assert writer.held == 0


def line(item: int) -> bytes:
    return group_line({"tokens": [[1]], "scores": [1.0], "item": item, "part": 0, "parts": 1})


def test_parts_hold_what_the_manifest_names_and_nothing_else(tmp_path):
    path = tmp_path / "groups.jsonl"
    torn = group_line({"tokens": [[1]], "scores": [1.0], "item": 1, "part": 0, "parts": 2})
    path.write_bytes(line(0) + torn)
    part = Part(parts_directory(path))
    part.add({path.name: line(7)})  # the driver died before it knew
    places = part.add({path.name: line(1)})
    part.close()
    manifest = Manifest(path)
    manifest.add(places)
    manifest.close()
    with (parts_directory(path) / "manifest.jsonl").open("ab") as file:
        file.write(b'{"groups.jsonl": ["a')
    items, whole = finished_items(path)
    assert sorted(items) == [0, 1]
    assert whole == len(line(0))
    Manifest(path).close()
    assert sorted(finished_items(path)[0]) == [0, 1]
    next(Path(parts_directory(path)).glob("*.groups.jsonl")).write_bytes(b"")
    with pytest.raises(UserError, match="bring it back"):
        finished_items(path)


def test_a_recipe_can_be_sent(monkeypatch):
    sent = made("--workers", "2")
    back = pickle.loads(pickle.dumps(sent))
    assert back.env_cls is EvenniaWorldEnv
    assert back.config.env == sent.config.env
    assert replace(back, config=sent.config) == sent
