"""What models, endpoints and files say steers no terminal."""

from __future__ import annotations

import io
import logging

import pytest
from aiohttp import web
from rich.console import Console

from environments.cli import doctor, main
from environments.evennia_world_env import EvenniaWorldEnv
from environments.modes.command_line import run_environment
from environments.modes.logs import PrintableFormatter
from environments.rollouts.progress import LiveDisplay, PlainDisplay, Tally

STEERING = "\x1b[2J\x1b]0;owned\x07\u202e"
SHOWN = r"\x1b[2J\x1b]0;owned\x07\u202e"


def test_an_error_names_a_strange_file_harmlessly(tmp_path, capsys):
    assert main(["worlds", "check", f"{tmp_path}/{STEERING}.yaml"]) == 2
    said = capsys.readouterr().err
    assert SHOWN in said
    assert said.count("\n") == 1
    assert said[:-1].isprintable()


def test_an_environment_names_a_strange_mode_harmlessly(capsys):
    assert run_environment(EvenniaWorldEnv, [STEERING]) == 2
    said = capsys.readouterr().err
    assert "\x1b" not in said
    assert "unknown mode" in said


def test_a_log_line_is_harmless():
    record = logging.LogRecord("m", 30, "f", 1, "failed: %s", (STEERING,), None)
    assert PrintableFormatter("%(message)s").format(record) == f"failed: {SHOWN}"


@pytest.mark.parametrize("markup", ["[red]", "[link=https://example.org]here[/link]", STEERING])
def test_a_progress_note_is_harmless(markup):
    shown = SHOWN if markup == STEERING else markup
    tally = Tally("rollouts", 1, note=markup)
    plain, live = io.StringIO(), io.StringIO()
    with PlainDisplay(tally, plain):
        pass
    with LiveDisplay(tally, Console(file=live, width=200)):
        pass
    assert shown in plain.getvalue()
    assert shown in live.getvalue()


async def test_doctor_shows_what_a_model_says_harmlessly(serving, capsys):
    async def models(_: web.Request) -> web.Response:
        return web.json_response({"data": [{"id": STEERING}]})

    async def complete(_: web.Request) -> web.Response:
        return web.json_response({"choices": [{"message": {"content": STEERING}}]})

    async with serving(models, complete) as url:
        finding = await doctor.check_endpoint(url, None, "")
        await doctor._examine([("endpoint", lambda: finding)])
    said = capsys.readouterr().out
    assert SHOWN in said
    assert "\x1b" not in said
