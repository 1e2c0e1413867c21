"""The three modes as programs: real world server, real policy endpoint, real Atropos API."""

from __future__ import annotations

import json
import socket
import sys
from pathlib import Path

import httpx
import pytest

from environments.cli import main

ROOT = Path(__file__).resolve().parents[2]
ENV_FILE = str(ROOT / "environments" / "evennia_world_env.py")


def test_evaluate_writes_the_runs_directory(programs, tmp_path):
    out = tmp_path / "oracle"
    done = programs.run(
        "evaluate", "--env.policy", "oracle", "--env.data_dir_to_save_evals", str(out)
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    rows = {line.split()[0]: line.split()[1:] for line in done.stdout.splitlines() if line}
    assert rows["all"][:2] == ["30", "1.00"]  # the results, and not only the names of files
    assert rows["errand"][:2] == ["6", "1.00"]
    assert rows["cost"] == ["$0.00", "(an", "embedded", "policy)"]
    metrics = json.loads((out / "metrics.json").read_text())
    assert metrics["results"]["all"]["mean_reward"] == 1.0
    assert metrics["results"]["all"]["mean_reward_ci95"][0] > 0.8
    assert len((out / "samples.jsonl").read_text().splitlines()) == 30
    for name in ("summary.md", "report.html", "evaluate_config.yaml"):
        assert (out / name).stat().st_size > 100
    assert programs.world_servers() == []
    assert programs.scratch() == []


@pytest.mark.slow
def test_process_writes_groups_and_continues_where_its_file_ends(programs, tmp_path):
    path = tmp_path / "groups.jsonl"
    options = ("--env.group_size", "4", "--env.data_path_to_save_groups", str(path))
    assert programs.run("process", "--env.total_steps", "4", *options).returncode == 0
    groups = [json.loads(line) for line in path.read_text().splitlines()]
    assert len(groups) == 4
    for group in groups:
        assert len(group["tokens"]) == len(group["masks"]) == len(group["scores"]) == 4
        assert len(group["messages"]) == 4
        assert group["inference_logprobs"] is None
        for tokens, mask in zip(group["tokens"], group["masks"], strict=True):
            trained = [(t, m) for t, m in zip(tokens, mask, strict=True) if m != -100]
            assert trained
            assert len(trained) < len(tokens)
            assert all(t == m for t, m in trained)
    assert any(len(set(g["scores"])) > 1 for g in groups)
    whole = path.read_bytes()
    path.write_bytes(whole[:-40])  # the last line is torn
    assert programs.run_here("process", "--env.total_steps", "6", *options).returncode == 0
    again = path.read_bytes().splitlines()
    assert [json.loads(line)["item"] for line in again] == list(range(6))
    assert again[:3] == whole.splitlines()[:3]


@pytest.fixture
def atropos(programs):
    """A client of a real `run-api` on loopback."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    run_api = str(Path(sys.executable).with_name("run-api"))
    process = programs.start(run_api, "--host", "127.0.0.1", "--port", str(port))
    http = httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False)

    def up():
        try:
            return http.get("/info").status_code == 200
        except httpx.HTTPError:
            return False

    programs.wait_for(up, "run-api")
    yield http
    process.kill()
    process.wait()
    http.close()


@pytest.mark.slow
def test_serve_feeds_a_trainer_and_leaves_nothing_behind(programs, atropos):
    trainer = {
        "wandb_group": "test", "wandb_project": "test", "batch_size": 8, "max_token_len": 16384,
        "checkpoint_dir": str(programs.cwd), "save_checkpoint_interval": 0, "starting_step": 0,
        "num_steps": 10,
    }  # fmt: skip
    atropos.post("/register", json=trainer).raise_for_status()
    atropos.get("/batch").raise_for_status()
    env = programs.start(
        sys.executable, ENV_FILE, "serve",
        "--env.rollout_server_url", str(atropos.base_url),
        "--env.group_size", "4", "--env.batch_size", "8", "--env.use_wandb", "true",
    )  # fmt: skip
    batches = []

    def two_batches():
        assert env.poll() is None, programs.printed()
        batch = atropos.get("/batch").json()["batch"]
        if batch:
            batches.append(batch)
        return len(batches) >= 2

    programs.wait_for(two_batches, "two batches")
    for batch in batches:
        rows = [tokens for group in batch for tokens in group["tokens"]]
        assert len(rows) == 8
    programs.interrupt(env)
    assert programs.world_servers() == []
    assert programs.scratch() == []


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["evaluate", "process"])
def test_ctrl_c_leaves_no_process_and_whole_lines(programs, mode, tmp_path):
    path = tmp_path / "groups.jsonl"
    out = tmp_path / "run"
    process = programs.start(
        sys.executable, ENV_FILE, mode, "--env.total_steps", "100000",
        "--env.data_path_to_save_groups", str(path), "--env.data_dir_to_save_evals", str(out),
        "--env.eval_attempts", "200",
    )  # fmt: skip
    written = path if mode == "process" else out / "samples.jsonl"
    programs.wait_for(lambda: written.exists() and written.stat().st_size > 0, "the first line")
    printed = programs.interrupt(process)
    assert process.returncode == 130, printed
    assert "Traceback" not in printed
    assert written.read_bytes().endswith(b"\n")
    for line in written.read_text().splitlines():
        json.loads(line)
    assert programs.world_servers() == []
    assert programs.scratch() == []


BAD_INPUT = [
    (["evaluate", "--env.policy", "genius"], "genius"),
    (["evaluate", "--env.suite", "impossible"], "impossible"),
    (["evaluate", "--env.polcy", "oracle"], "did you mean --env.policy"),
    (["evaluate", "--env.group_size", "many"], "group_size"),
    (["evaluate", "--openai.base_url", "http://127.0.0.1:9", "--openai.model_name", "m"],
     "no endpoint"),
    (["evaluate", "--openai.model_name", "m"], "--openai.base_url"),
    (["evaluate", "--config", "missing.yaml"], "missing.yaml"),
    (["process", "--env.difficulty", "[0, 3]"], "difficulty"),
    (["process", "--env.families", '{"fishing": 1}'], "fishing"),
    (["serve", "--env.rollout_server_url", "http://127.0.0.1:9"], "no Atropos API"),
    (["serve", "--env.batch_size", "10", "--env.group_size", "4"], "multiple"),
    (["serve", "--env.group_size", "1", "--env.batch_size", "4"], "ensure_scores_are_not_same"),
    (["process", "--env.credit", "tree", "--env.group_size", "5"], "rollouts of a tree"),
    (["process", "--env.credit", "fair"], "credit"),
    (["process", "--env.credit", "shaped", "--env.families", "trust,errand"], "leave trust out"),
    (["process", "--env.credit", "turns", "--env.families", "steward"], "leave steward out"),
    (["process", "--env.families", "steward", "--env.difficulty", "20"], "e.g. [1, 5]"),
    (["serve", "--openai.server_type", "trl", "--openai.base_url", "http://127.0.0.1:9",
      "--openai.model_name", "m"], "trl"),
    (["dance"], "unknown command"),
]  # fmt: skip


@pytest.mark.parametrize(("args", "names"), BAD_INPUT)
def test_bad_input_gets_one_clear_line(args, names, tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    assert main(args) == 2
    error = capfd.readouterr().err
    assert names in error
    assert "Traceback" not in error
    assert len([line for line in error.splitlines() if line.startswith("evennia-world:")]) == 1


@pytest.mark.slow
def test_the_environment_file_tells_bad_input_likewise(programs):
    done = programs.run_file(ENV_FILE, "evaluate", "--env.polcy", "oracle")
    assert done.returncode == 2
    assert "did you mean --env.policy" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_a_key_is_in_no_file_and_no_output(programs, tmp_path):
    out = tmp_path / "run"
    key = "sk-very-secret-0123456789"
    listener = socket.create_server(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{listener.getsockname()[1]}/v1"
    process = programs.start(
        sys.executable, ENV_FILE, "evaluate", "--openai.base_url", url, "--openai.model_name", "m",
        "--openai.api_key", key, "--env.data_dir_to_save_evals", str(out),
    )  # fmt: skip
    programs.wait_for(lambda: (out / "evaluate_config.yaml").exists(), "the config")
    printed = programs.interrupt(process)
    listener.close()
    assert key not in printed
    for file in out.iterdir():
        assert key.encode() not in file.read_bytes()
