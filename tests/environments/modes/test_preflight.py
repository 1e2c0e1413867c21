"""What would stall or crash Atropos is told before the run starts."""

from __future__ import annotations

import asyncio
import contextlib
import copy
import socket

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from atroposlib.envs.server_handling.server_baseline import APIServerConfig

from environments.evennia_world_env import EvenniaWorldEnv
from environments.models import endpoint_check
from environments.modes import options as settings
from environments.modes import preflight
from environments.modes.command_line import run_mode
from world_fixtures.common import UserError


def check(mode, *argv):
    preflight.check(mode, settings.read_mode_config(EvenniaWorldEnv, list(argv)))


@pytest.mark.parametrize("mode", ["serve", "process", "evaluate"])
def test_the_defaults_of_every_mode_work(mode):
    check(mode)


@pytest.mark.parametrize(
    ("mode", "argv", "says"),
    [
        ("serve", ["--env.wandb_name", "null"], "wandb_name"),
        ("serve", ["--env.group_size", "5", "--env.batch_size", "16"], "multiple"),
        ("serve", ["--env.group_size", "32", "--env.batch_size", "16"], "multiple"),
        ("serve", ["--env.group_size", "1"], "ensure_scores_are_not_same"),
        ("serve", ["--env.steps_per_eval", "1"], "never evaluates"),
        ("serve", ["--env.worker_timeout", "60"], "--env.call_timeout"),
        ("process", ["--env.group_size", "0"], "group_size"),
        ("process", ["--env.total_steps", "0"], "total_steps"),
        ("process", ["--env.signal_floor", "0.2", "--env.group_size", "1"], "--env.group_size 2"),
        ("serve", ["--env.signal_floor", "0.2", "--env.train_suite", "basics"], "train_suite"),
        ("evaluate", ["--env.tool_call_parser", "no.such:Parser"], "cannot import no.such"),
        ("evaluate", ["--openai.server_type", "trl", "--openai.base_url", "http://h/v1",
                      "--openai.model_name", "m"], "trl"),
        ("evaluate", ["--openai.model_name", "m"], "--openai.base_url"),
        ("process", ["--env.return_token_ids", "true"], "--openai.base_url"),
        ("evaluate", ["--openai.base_url", "http://h/v1"], "--openai.model_name"),
        ("evaluate", ["--env.suite", "basic"], "unknown suite 'basic' (did you mean 'basics'?)"),
        ("serve", ["--env.suite", "nowhere.yaml"], "unknown suite 'nowhere.yaml'"),
        ("process", ["--env.data_path_to_save_groups", "."], "such as groups.jsonl"),
        ("evaluate", ["--env.data_dir_to_save_evals", "p/run.json"], "such as p/run"),
        ("evaluate", ["--env.data_dir_to_save_evals", __file__], "evaluate writes a directory"),
    ],
)  # fmt: skip
def test_what_cannot_work_is_refused_in_one_line(mode, argv, says):
    with pytest.raises(UserError) as error:
        check(mode, *argv)
    assert says in str(error.value)
    assert "\n" not in str(error.value)


def test_what_was_typed_is_what_an_error_names(tmp_path):
    with pytest.raises(UserError, match=r"choose another --out, such as .*groups\.jsonl"):
        run_mode(EvenniaWorldEnv, "process", ["--out", str(tmp_path)])


VLLM = ("--openai.server_type", "vllm", "--openai.base_url", "http://h/v1",
        "--openai.model_name", "maker/model")  # fmt: skip


@pytest.mark.parametrize(
    ("argv", "used"),
    [
        ([], "maker/model"),
        (["--env.tokenizer_name", "maker/tokens"], "maker/tokens"),
        (["--openai.tokenizer_name", "maker/tokens"], "maker/tokens"),
        (["--openai.tokenizer_name", "a", "--env.tokenizer_name", "b"], "a"),
    ],
)
def test_exact_tokens_have_one_tokenizer(argv, used):
    config = settings.read_mode_config(EvenniaWorldEnv, [*VLLM, *argv])
    before = copy.deepcopy(config)
    preflight.check("process", config)
    completed = preflight.complete("process", config)
    assert completed.env.tokenizer_name == completed.servers[0].tokenizer_name == used
    assert config == before


def test_process_has_a_file_for_its_groups_and_a_file_that_is_named_stays():
    config = settings.read_mode_config(EvenniaWorldEnv, [])
    groups = preflight.complete("process", config).env.data_path_to_save_groups
    assert groups == "runs/process/groups.jsonl"
    assert config.env.data_path_to_save_groups is None
    assert preflight.complete("serve", config) == config
    named = settings.read_mode_config(EvenniaWorldEnv, ["--env.data_path_to_save_groups", "a"])
    assert preflight.complete("process", named) == named


@pytest.mark.parametrize("mode", ["serve", "process", "evaluate"])
def test_checking_changes_nothing(mode):
    config = settings.read_mode_config(EvenniaWorldEnv, list(VLLM))
    before = copy.deepcopy(config)
    preflight.check(mode, config)
    assert config == before


@pytest.mark.parametrize("mode", ["process", "evaluate", "serve"])
def test_wandb_is_not_forced_on_anyone(mode):
    config = settings.read_mode_config(EvenniaWorldEnv, [])
    preflight.check(mode, config)
    assert not config.env.use_wandb


def endpoint(url, key="x"):
    return [APIServerConfig(base_url=url, model_name="m", api_key=key)]


@pytest.mark.parametrize(
    "url", ["localhost:9001", "ftp://h/v1", "http://", "http://no.such.host.invalid/v1"]
)
async def test_an_address_that_leads_nowhere_is_named(url):
    with pytest.raises(UserError, match="base_url"):
        await endpoint_check.check_endpoint(endpoint(url))


async def test_a_closed_port_is_named():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, and not listening
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/v1"
        with pytest.raises(UserError, match="no endpoint at"):
            await endpoint_check.check_endpoint(endpoint(url))
        with pytest.raises(UserError, match="run-api"):
            await preflight.check_rollout_server(url)


@pytest.mark.parametrize(("status", "good"), [(200, True), (404, True), (500, True), (401, False)])
async def test_an_endpoint_need_not_list_its_models_but_must_take_the_key(status, good):
    keys = []

    async def models(request: web.Request) -> web.Response:
        keys.append(request.headers["Authorization"])
        return web.Response(status=status)

    app = web.Application()
    app.router.add_get("/v1/models", models)
    async with TestServer(app) as server:
        found = endpoint(str(server.make_url("/v1")), "sk-1")
        if good:
            await endpoint_check.check_endpoint(found)
        else:
            with pytest.raises(UserError, match="refuses the API key") as error:
                await endpoint_check.check_endpoint(found)
            assert "sk-1" not in str(error.value)
    assert keys == ["Bearer sk-1"]


async def test_an_endpoint_that_is_slow_is_taken(monkeypatch):
    monkeypatch.setattr(endpoint_check, "TIMEOUT", 0.1)

    async def say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()  # until the other side has gone
        writer.close()

    listening = await asyncio.start_server(say_nothing, "127.0.0.1", 0)
    async with listening:
        port = listening.sockets[0].getsockname()[1]
        await endpoint_check.check_endpoint(endpoint(f"http://127.0.0.1:{port}/v1"))


def test_slurm_without_a_job_is_told(monkeypatch):
    monkeypatch.delenv("SLURM_JOB_NODELIST", raising=False)
    config = settings.read_mode_config(EvenniaWorldEnv, ["--slurm"])
    with pytest.raises(UserError, match="SLURM_JOB_NODELIST is not set"):
        preflight.check("process", config)


async def test_an_endpoint_whose_answer_never_begins_is_passed_over(monkeypatch):
    monkeypatch.setattr(endpoint_check, "CONNECT", 0.3)
    monkeypatch.setattr(endpoint_check, "TIMEOUT", 0.3)

    async def early(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while True:
                writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
                await writer.drain()
                await asyncio.sleep(0.05)

    async with await asyncio.start_server(early, "127.0.0.1", 0) as listener, asyncio.timeout(20):
        port = listener.sockets[0].getsockname()[1]
        await endpoint_check.check_endpoint(endpoint(f"http://127.0.0.1:{port}/v1"))
