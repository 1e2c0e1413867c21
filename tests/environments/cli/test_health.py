"""`health`: an exit code for probes, and a line that says what is not there."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from environments.cli import main


class Answers(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200 if self.path.startswith("/v1/models") else 503)
        self.end_headers()

    def log_message(self, *args: object) -> None: ...


def test_what_answers_is_well_and_what_does_not_is_named(capsys):
    with HTTPServer(("127.0.0.1", 0), Answers) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}"
        assert main(["health", "--base-url", f"{url}/v1"]) == 0
        assert main(["health", "--base-url", f"{url}/v1", "--trainer", url]) == 1
        server.shutdown()
    out = capsys.readouterr().out
    assert "/v1: ok" in out
    assert f"trainer {url}: answers with status 503" in out
    assert main(["health", "--base-url", f"{url}/v1"]) == 1
    assert "no answer (ConnectError)" in capsys.readouterr().out
    assert main(["health"]) == 2


@pytest.mark.parametrize("option", ["--trainer", "--base-url"])
@pytest.mark.parametrize(
    "url",
    [
        "host",
        "http://",
        "http://127.0.0.1:99999",
        "http://[::1",
        "file:///etc/passwd",
        "http://a b",
    ],
)
def test_what_can_be_no_address_is_bad_input(option, url, capsys):
    assert main(["health", option, url]) == 2
    assert capsys.readouterr().err.startswith(f"evennia-world: {option} {url!r} is no address")


def test_a_world_that_takes_too_long_says_what_to_do(monkeypatch, capsys):
    monkeypatch.setattr("environments.cli.health.WORLD_SECONDS", 0.1)
    assert main(["health", "--world", "--seconds", "0.1"]) == 1
    assert capsys.readouterr().out.startswith("world: not there after 0.1 s: give more --seconds")
