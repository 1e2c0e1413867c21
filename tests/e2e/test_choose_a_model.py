"""Choosing a model: several on the same tasks, with endpoints of their own, to one ranked page."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
COMMAND = f"{sys.executable} -m environments.cli.main"


class Endpoint(ThreadingHTTPServer):
    """Answers every request with a sentence; `dear` says what it costs, `gone` is unknown."""

    def __init__(self) -> None:
        self.bodies: list[dict[str, Any]] = []
        super().__init__(("127.0.0.1", 0), Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1"


class Handler(BaseHTTPRequestHandler):
    server: Endpoint

    def do_GET(self) -> None:
        self._send(200, {"data": []})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.bodies.append(body)
        if body["model"] == "gone":
            return self._send(404, {"error": {"message": "no such model"}})
        usage: dict[str, Any] = {"prompt_tokens": 1000, "completion_tokens": 100}
        if body["model"] == "dear":
            usage["cost"] = 0.25
        message = {"role": "assistant", "content": "I would rather not."}
        choice = {"index": 0, "finish_reason": "stop", "message": message}
        answer = {"id": "x", "object": "chat.completion", "created": 0, "model": body["model"],
                  "choices": [choice], "usage": usage}  # fmt: skip
        return self._send(200, answer)

    def _send(self, status: int, content: Any) -> None:
        data = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: Any) -> None: ...


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    with Endpoint() as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def spent(run: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((run / "metrics.json").read_text())["expenses"]
    return found


def test_models_with_endpoints_of_their_own_are_ranked(programs, tmp_path, endpoint) -> None:
    models = [
        {"model": "dear", "base_url": endpoint.url, "api_key_env": "MY_KEY"},
        {"model": "cheap", "base_url": endpoint.url, "prices": {"input": 1, "output": 10},
         "sampling": {"temperature": 0.5, "top_p": 0.9, "max_tokens": 77, "seed": 3, "min_p": 0.1}},
        {"model": "untold", "base_url": endpoint.url},
        {"model": "gone", "base_url": endpoint.url},
        "oracle",
    ]  # fmt: skip
    (tmp_path / "models.yaml").write_text(json.dumps(models))
    out = tmp_path / "runs"
    command = ("evaluate", "--models", "models.yaml", "--suite", "basics", "--limit", "3",
               "--families", "errand,navigation", "--out", str(out))  # fmt: skip
    done = programs.run(*command, MY_KEY="the-secret")
    assert done.returncode == 2, done.stderr
    assert "1 of 5 have no result: gone: no rollout could be scored" in done.stderr
    lines = [line.split() for line in done.stdout.splitlines()]
    assert ["1", "1-4", "oracle"] in [line[:3] for line in lines]
    assert "gone" in done.stdout[done.stdout.index("not ranked") :]
    told = done.stdout + done.stderr + "".join(p.read_text() for p in out.rglob("*.yaml"))
    assert "the-secret" not in told + (out / "leaderboard.html").read_text()

    assert spent(out / "dear")["cost"] == pytest.approx(3 * 0.25)
    assert spent(out / "dear")["cost_source"] == "reported"
    assert spent(out / "cheap")["cost"] == pytest.approx(3 * (1000 * 1 + 100 * 10) / 1e6)
    assert spent(out / "cheap")["cost_source"] == "prices"
    assert spent(out / "untold")["cost"] is None
    (sampled, *_) = [b for b in endpoint.bodies if b["model"] == "cheap"]
    asked = {k: sampled[k] for k in ("temperature", "top_p", "max_tokens", "seed", "min_p")}
    assert asked == {"temperature": 0.5, "top_p": 0.9, "max_tokens": 77, "seed": 3, "min_p": 0.1}

    before = len(endpoint.bodies)
    again = programs.run(*command, MY_KEY="the-secret")
    assert again.returncode == 2
    assert {b["model"] for b in endpoint.bodies[before:]} == {"gone"}


def test_the_example_leads_from_an_empty_directory_to_one_ranked_page(programs, tmp_path) -> None:
    done = subprocess.run(
        ["sh", str(ROOT / "examples" / "choose_a_model.sh")], cwd=tmp_path,
        env=programs.env | {"PYTHONPATH": str(ROOT), "EVENNIA_WORLD": COMMAND},
        capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    out = tmp_path / "runs" / "choice"
    for policy in ("oracle", "noisy", "scripted"):
        assert len((out / policy / "samples.jsonl").read_text().splitlines()) == 25
    page = (out / "leaderboard.html").read_text()
    assert page.index("oracle") < page.index("scripted") < page.index("noisy")
    assert "<h1>Our choice</h1>" in page
    assert 'href="oracle/report.html"' in page
    assert (out / "comparison.html").exists()
