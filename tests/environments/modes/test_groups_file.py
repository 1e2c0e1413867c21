"""What stands in a file of groups stays there, unless it is a torn end of this very run."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from environments.config import EvenniaWorldEnvConfig
from environments.evennia_world_env import EvenniaWorldEnv
from environments.export.hermes_writer import COMPLETED, HermesWriter, trajectories_directory
from environments.modes.groups_file import (
    GroupsFile,
    GroupsWriter,
    done_of,
    finished_items,
    group_line,
    item_lines,
    read_groups_run,
    run_path,
)
from environments.modes.process import process
from environments.rollouts.files import json_line
from environments.rollouts.identity import PROCESS_WITHOUT, SERVER_WITHOUT
from environments.rollouts.owner import owner_record
from environments.rollouts.part_files import Part
from environments.rollouts.parts import parts_directory, read_parts
from environments.tasks.version import TASKS_VERSION
from environments.tools.registry import toolsets_of
from world_fixtures.common import UserError

SETTINGS = {"seed": 1, "model": "m"}


def line(item: int, part: int = 0, parts: int = 1) -> bytes:
    return group_line(
        {"tokens": [[1]], "scores": [1.0], "item": item, "part": part, "parts": parts}
    )


FOREIGN = {
    "text without an end": b"my notes",
    "text": b"my notes\n",
    "JSON without an end": b'{"a": 1}',
    "JSON": b'{"a": 1}\n',
    "a number": b"5",
    "empty lines": b"\n\n\n",
    "one empty line": b"\n",
    "no UTF-8": b"\xff\xfe\x00\n",
    "zeros": b"\0" * 4096,
    "deep": b"[" * 200_000 + b"\n",
    "an infinite item": line(0).replace(b'"item":0', b'"item":1e999'),
    "an infinite number of parts": line(0).replace(b'"parts":1', b'"parts":Infinity'),
    "ours, then text": line(0) + b"my notes",
    "text, then ours": b"my notes\n" + line(0),
    "an item twice": line(0) + line(1) + line(0),
    "part of an item, then another": line(0, 0, 2) + line(1),
}


@pytest.mark.parametrize("adopt", [False, True])
@pytest.mark.parametrize("recorded", [False, True])
@pytest.mark.parametrize("content", FOREIGN.values(), ids=FOREIGN)
def test_a_foreign_file_is_refused_and_stays_as_it_is(tmp_path, content, recorded, adopt):
    path = tmp_path / "notes of mine.jsonl"
    if recorded:  # somebody has written over our file
        GroupsFile(path, SETTINGS).close()
    path.write_bytes(content)
    with pytest.raises(UserError, match="notes of mine") as told:
        GroupsFile(path, SETTINGS, adopt=adopt)
    assert "\n" not in str(told.value)
    assert path.read_bytes() == content


@pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo])
def test_what_is_no_file_is_refused(tmp_path, make):
    make(tmp_path / "groups")
    with pytest.raises(UserError, match=r"groups.*(Is a directory|no ordinary file)"):
        GroupsFile(tmp_path / "groups", SETTINGS)
    assert [path.name for path in tmp_path.iterdir()] == ["groups"]


@pytest.mark.parametrize("lag", [0, -3])
def test_a_record_with_an_impossible_lag_is_damaged(tmp_path, lag):
    path = tmp_path / "groups"
    GroupsFile(path, SETTINGS, feedback_lag=4).close()
    record = run_path(path).read_text().replace('"feedback_lag": 4', f'"feedback_lag": {lag}')
    run_path(path).write_text(record)
    with pytest.raises(UserError, match="is no record of how groups are made"):
        GroupsFile(path, SETTINGS, feedback_lag=4)


def test_a_record_that_is_a_fifo_is_not_waited_for(tmp_path):
    os.mkfifo(run_path(tmp_path / "groups"))
    with pytest.raises(UserError, match=r"groups\.run\.json is no ordinary file"):
        GroupsFile(tmp_path / "groups", SETTINGS)


@pytest.mark.parametrize("torn", [line(1)[:1], line(1)[:20], line(1)[:-1], line(1, 0, 2)])
def test_only_the_torn_end_of_this_run_is_cut(tmp_path, torn):
    path = tmp_path / "groups.jsonl"
    with GroupsFile(path, SETTINGS) as file:
        file.add(group_line(json.loads(line(0))))
    path.write_bytes(line(0) + torn)
    with pytest.raises(UserError, match="seed: 1 there, 2 here"):
        GroupsFile(path, {**SETTINGS, "seed": 2})
    assert path.read_bytes() == line(0) + torn
    with GroupsFile(path, SETTINGS) as file:
        assert list(file.done) == [0]
    assert path.read_bytes() == line(0)


def test_groups_of_unknown_making_are_continued_only_if_adopted(tmp_path):
    path = tmp_path / "groups.jsonl"
    path.write_bytes(line(0) + line(1)[:20])
    with pytest.raises(UserError, match=r"--env\.adopt true"):
        GroupsFile(path, SETTINGS)
    assert path.read_bytes() == line(0) + line(1)[:20]
    assert not run_path(path).exists()
    GroupsFile(path, SETTINGS, adopt=True).close()
    assert path.read_bytes() == line(0)
    GroupsFile(path, SETTINGS).close()
    with pytest.raises(UserError, match="seed"):
        GroupsFile(path, {**SETTINGS, "seed": 2}, adopt=True)


def test_an_option_that_is_new_was_not_recorded(tmp_path):
    path = tmp_path / "groups.jsonl"
    with GroupsFile(path, SETTINGS) as file:
        file.add(group_line(json.loads(line(0))))
    with pytest.raises(UserError, match="style: not recorded there"):
        GroupsFile(path, {**SETTINGS, "style": "new"})
    GroupsFile(path, {**SETTINGS, "style": "new"}, adopt=True).close()
    assert read_groups_run(path).settings["style"] == "new"


def test_what_branches_off_a_rollout_is_no_result_of_its_item(tmp_path):
    rows = [
        {"task": "t", "success": True, "rollout": 0},
        {"task": "t", "success": False, "rollout": 1, "branch_of": "a", "branch_turn": 2},
    ]
    path = tmp_path / "groups.jsonl"
    path.write_bytes(
        group_line({"tokens": [], "overrides": rows, "item": 0, "part": 0, "parts": 1})
    )
    items, _ = finished_items(path)
    assert items[0].successes == (True,)


@pytest.mark.parametrize(
    ("parts", "signal"),
    [
        ([{"scores": [0, 1]}], True),
        ([{"scores": [1, 1]}], False),
        ([{"scores": [0, 1]}, {"scores": [0]}], True),
        ([{"scores": [1, 1], "advantages": [[0, 0.5]]}], True),
        ([{"scores": [0, 1], "advantages": [[0, 0]]}], False),
        ([{"scores": [0, 1], "advantages": [[0, 0]]}, {"scores": [0], "advantages": [[1]]}], True),
    ],
)
@pytest.mark.parametrize("dropped", [False, True])
def test_a_file_tells_as_a_run_does_whether_an_item_had_signal(tmp_path, parts, signal, dropped):
    groups = [
        {"tokens": [[1]], "advantages": None, **part, "item": 0, "part": n, "parts": len(parts)}
        for n, part in enumerate(parts)
    ]
    assert done_of(groups).signal is signal
    path = tmp_path / "groups.jsonl"
    with GroupsFile(path, SETTINGS) as file:
        GroupsWriter(file, True, 1, lambda writer: None).add(0, *item_lines(groups, dropped))
    assert finished_items(path)[0][0].signal is signal


def test_a_file_without_a_group_is_anybodys(tmp_path):
    """A run that failed before its first group is corrected and begun again."""
    path = tmp_path / "groups.jsonl"
    GroupsFile(path, SETTINGS).close()
    GroupsFile(path, {**SETTINGS, "seed": 2}).close()
    assert read_groups_run(path).settings["seed"] == 2


def test_one_process_at_a_time_by_whatever_name(tmp_path):
    path, hard, soft = (tmp_path / name for name in ("groups.jsonl", "hard", "soft"))
    with GroupsFile(path, SETTINGS):
        hard.hardlink_to(path)
        soft.symlink_to(path)
        for name in (path, hard, soft):
            with pytest.raises(UserError, match="in use by another process"):
                GroupsFile(name, SETTINGS)
    GroupsFile(path, SETTINGS).close()


def test_trajectories_of_other_groups_are_kept(tmp_path):
    """`a.jsonl` and `a.txt` have one directory of trajectories."""
    path, other = tmp_path / "a.jsonl", tmp_path / "a.txt"
    directory = trajectories_directory(path)
    GroupsFile(path, SETTINGS).close()
    refused = pytest.raises(UserError, match="in use by another process")
    with HermesWriter(directory, toolsets_of), refused:
        HermesWriter(directory, toolsets_of)
    trajectories = json_line({"conversations": [], "prompt_index": 0})
    (directory / COMPLETED).write_bytes(trajectories)
    with pytest.raises(UserError, match="trajectories of other groups"):
        GroupsFile(other, SETTINGS)
    assert (directory / COMPLETED).read_bytes() == trajectories
    GroupsFile(path, SETTINGS).close()


def test_trajectories_of_groups_that_were_moved_are_kept(tmp_path):
    path = tmp_path / "a.jsonl"
    GroupsFile(path, SETTINGS).close()
    with HermesWriter(trajectories_directory(path), toolsets_of):
        pass
    trajectories = trajectories_directory(path) / COMPLETED
    trajectories.write_bytes(json_line({"conversations": [], "prompt_index": 0}))
    path.rename(tmp_path / "moved.jsonl")
    for _ in range(2):
        with pytest.raises(UserError, match="trajectories of other groups"):
            GroupsFile(path, SETTINGS)
    assert not path.exists()


@pytest.mark.parametrize("moved", [["a.jsonl"], ["a.jsonl", "a.jsonl.run.json"]])
def test_parts_of_groups_that_were_moved_are_not_taken_for_those_of_others(tmp_path, moved):
    path = tmp_path / "a.jsonl"
    with GroupsFile(path, SETTINGS) as file:
        file.add(line(0))
        places = Part(parts_directory(path)).add({path.name: line(1)})
        file.add_places(places)
    GroupsFile(path, SETTINGS).close()
    for name in moved:
        (tmp_path / name).unlink()
    with pytest.raises(UserError, match="holds parts of other groups"):
        GroupsFile(path, SETTINGS | {"seed": 2})
    assert list(read_parts(path)) == [(parts_directory(path) / places[path.name].part, line(1))]


def trajectory(item: int, task: str = "t") -> bytes:
    return json_line(
        {"conversations": [], "prompt_index": item, "metadata": {"task_id": f"{task}{item}"}}
    )


def whole_run(path: Path, items: int, task: str = "t") -> bytes:
    """Write groups and trajectories as an earlier version did; return the trajectories."""
    (trajectories_directory(path) / COMPLETED).unlink(missing_ok=True)
    about = [{"task": f"{task}{i}"} for i in range(items)]
    with GroupsFile(path, SETTINGS) as file:
        for i in range(items):
            file.add(group_line({**json.loads(line(i)), "overrides": [about[i]]}))
    directory = trajectories_directory(path)
    directory.mkdir(exist_ok=True)
    content = b"".join(trajectory(i, task) for i in range(items))
    (directory / COMPLETED).write_bytes(content)
    return content


def opened(path: Path) -> None:
    """Open groups and trajectories as `process` does."""
    with GroupsFile(path, SETTINGS) as file:
        done = {item: found.task for item, found in file.done.items()}
        with HermesWriter(trajectories_directory(path), toolsets_of, done, path):
            pass


def test_trajectories_belong_to_the_file_that_began_them(tmp_path):
    """A file that was begun first, and got no group, takes no trajectories of another."""
    empty, path = tmp_path / "g.json", tmp_path / "g.jsonl"
    GroupsFile(empty, SETTINGS).close()
    opened(path)
    content = whole_run(path, 3)
    for _ in range(2):
        with pytest.raises(UserError, match=r"belongs to the groups of g\.jsonl, not to g\.json: "):
            opened(empty)
    assert (trajectories_directory(path) / COMPLETED).read_bytes() == content
    opened(path)
    assert (trajectories_directory(path) / COMPLETED).read_bytes() == content
    new = tmp_path / "new.jsonl"
    for name in (lambda groups: groups, run_path, trajectories_directory):
        name(path).rename(name(new))
    with pytest.raises(UserError, match=r"if g\.jsonl was renamed, write its new name into"):
        opened(new)
    owner_record(trajectories_directory(new)).write_text("new.jsonl\n")
    opened(new)
    assert (trajectories_directory(new) / COMPLETED).read_bytes() == content


def test_trajectories_without_an_owner_are_of_the_file_whose_items_they_hold(tmp_path):
    empty, other, part, path = (tmp_path / n for n in ("g.json", "g.txt", "g.part", "g.jsonl"))
    GroupsFile(empty, SETTINGS).close()
    whole_run(other, 3, task="u")
    whole_run(part, 2)
    content = whole_run(path, 3)
    for groups in (empty, other, part):
        with pytest.raises(UserError, match="trajectories of other groups than those of"):
            opened(groups)
        assert (trajectories_directory(path) / COMPLETED).read_bytes() == content
    opened(path)
    assert (trajectories_directory(path) / COMPLETED).read_bytes() == content
    with pytest.raises(UserError, match=r"belongs to the groups of g\.jsonl"):
        opened(part)


def test_items_that_a_killed_run_left_are_cut_without_an_owner_too(tmp_path):
    path = tmp_path / "g.jsonl"
    whole_run(path, 2)
    file = trajectories_directory(path) / COMPLETED
    file.write_bytes(file.read_bytes() + trajectory(2))
    opened(path)
    assert file.read_bytes() == trajectory(0) + trajectory(1)


def test_the_log_of_two_models_belongs_to_one_file_of_groups(tmp_path):
    config, servers = EvenniaWorldEnv.config_init()
    env = EvenniaWorldEnv(config.model_copy(update={"candidate_model": "random"}), servers)
    log = tmp_path / "a.traffic.jsonl"
    env.begin_process(tmp_path / "a.jsonl", continued=False)
    row = '{"rollout":"r","task":"t","attempt":0,"candidate":false,"model":"m","reward":1.0,'
    row += '"success":true,"turns":1,"model_seconds":0.1}\n'
    log.write_text(row)
    with pytest.raises(UserError, match=r"belongs to the groups of a\.jsonl, not to a\.txt"):
        env.begin_process(tmp_path / "a.txt", continued=False)
    assert log.read_text() == row
    owner_record(log).unlink()  # as of an earlier version
    with pytest.raises(UserError, match="rollouts of other groups"):
        env.begin_process(tmp_path / "a.txt", continued=False)
    assert log.read_text() == row
    env.begin_process(tmp_path / "a.jsonl", continued=True)
    assert log.read_text() == row


def test_a_damaged_record_is_told(tmp_path):
    path = tmp_path / "groups.jsonl"
    path.write_bytes(line(0))
    run_path(path).write_text("{")
    with pytest.raises(UserError, match=r"groups\.jsonl\.run\.json is no record"):
        GroupsFile(path, SETTINGS)
    assert path.read_bytes() == line(0)


async def test_two_runs_at_once_are_one_run(make_env, tmp_path):
    path = tmp_path / "g.jsonl"
    first, second = (make_env(data_path_to_save_groups=str(path)) for _ in range(2))

    async def while_the_first_runs():
        with pytest.raises(UserError, match="in use by another process"):
            await process(second)
        await type(first).setup(first)

    first.setup = while_the_first_runs
    await process(first)
    assert [json.loads(text)["item"] for text in path.read_text().splitlines()] == [0, 1, 2, 3]


OTHER = {
    "enabled_toolsets": ["evennia", "more"], "difficulty": (1, 6), "families": {"errand": 1.0},
    "extra_body": {"seed": 3}, "gate": {"max_risk": 0.1}, "disabled_toolsets": ["more"],
    "reward_weights": {"outcome": 0.65, "efficiency": 0.05}, "context_tokens": 100,
    "target_success": 0.5, "reasoning_effort": "high", "max_reasoning_tokens": 2048,
    "top_p": 0.5, "sampling_seed": 7, "max_repeats": 5,
    "signal_floor": 0.5,
    "max_turn_tokens": 100, "max_turn_calls": 3, "credit": "shaped", "kinds": "map",
}  # fmt: skip


def changed(value):
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return value + 1
    return "other"


COUNTED = sorted(EvenniaWorldEnvConfig.model_fields.keys() - PROCESS_WITHOUT)


@pytest.mark.parametrize("option", COUNTED)
def test_every_option_that_is_not_left_out_counts(tmp_path, option):
    config, servers = EvenniaWorldEnv.config_init()
    settings = EvenniaWorldEnv(config, servers).run_settings()
    path = tmp_path / "groups.jsonl"
    with GroupsFile(path, settings) as file:
        file.add(group_line(json.loads(line(0))))
    value = OTHER.get(option) or changed(getattr(config, option))
    config, servers = EvenniaWorldEnv.config_init()
    env = EvenniaWorldEnv(config, servers)
    env.config = EvenniaWorldEnvConfig.model_validate({**config.model_dump(), option: value})
    with pytest.raises(UserError, match=rf"\({option}[.:].* there, .* here"):
        GroupsFile(path, env.run_settings())
    GroupsFile(path, settings).close()


def test_what_only_says_how_fast_or_where_does_not_count(tmp_path):
    config, servers = EvenniaWorldEnv.config_init()
    before = EvenniaWorldEnv(config, servers).run_settings()
    config, servers = EvenniaWorldEnv.config_init()
    config.process_concurrency, config.total_steps, config.world_servers = 3, 900, 2
    config.data_path_to_save_groups, config.wandb_name = "elsewhere", "name"
    assert EvenniaWorldEnv(config, servers).run_settings() == before


def test_another_model_reward_or_candidate_counts():
    class Other(EvenniaWorldEnv):
        async def compute_reward(self, item, result, ctx):
            return 0.5

    def settings(cls=EvenniaWorldEnv, url="", server=None, **options):
        config, (given,) = EvenniaWorldEnv.config_init()
        update = {"base_url": url, "model_name": "m", **(server or {})}
        servers = [given.model_copy(update=update)]
        return cls(config.model_copy(update=options), servers).run_settings()

    base, named = settings(), settings(url="http://a:1/v1")
    assert base["tasks_version"] == TASKS_VERSION
    assert settings(policy="oracle") != base
    assert settings(Other) != base
    assert settings(candidate_model="random") != base
    assert settings(url="http://a:2/v1") == named
    assert settings(url="http://b:1/v1") != named
    assert settings(url="http://a:1/v1", server={"model_name": "n"}) != named
    assert settings(url="http://a:1/v1", server={"n_kwarg_is_ignored": True}) != named
    secret = settings(url="http://user:hunter2@a/v1", server={"api_key": "sk-hunter2"})
    assert "hunter2" not in json.dumps(secret)
    assert settings(url="http://a:1/v1", server={"timeout": 3}) == named


def test_what_is_left_out_exists():
    _, (server,) = EvenniaWorldEnv.config_init()
    assert set(EvenniaWorldEnvConfig.model_fields) >= PROCESS_WITHOUT
    assert set(type(server).model_fields) >= SERVER_WITHOUT


def test_groups_from_before_an_option_was_there_go_on_with_its_default(tmp_path):
    settings = EvenniaWorldEnv(*EvenniaWorldEnv.config_init()).run_settings()
    path = tmp_path / "groups.jsonl"
    with GroupsFile(path, {k: v for k, v in settings.items() if k != "kinds"}) as file:
        file.add(group_line(json.loads(line(0))))
    GroupsFile(path, settings).close()
    with GroupsFile(path, {k: v for k, v in settings.items() if k != "kinds"}):
        pass
    with pytest.raises(UserError, match="kinds: None there"):
        GroupsFile(path, settings | {"kinds": ["orientation.map"]})
