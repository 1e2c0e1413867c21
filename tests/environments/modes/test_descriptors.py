"""How many files a run may open is known and seen to before it starts."""

from __future__ import annotations

import resource

import pytest

from environments.evennia_world_env import EvenniaWorldEnv
from environments.modes import descriptors
from environments.modes.options import read_mode_config
from world_fixtures.common import UserError

MODEL = ["--openai.base_url", "http://h/v1", "--openai.model_name", "m"]


def needed(mode: str, *argv: str) -> int:
    """Descriptors for connections, less those for two world servers."""
    config = read_mode_config(EvenniaWorldEnv, ["--env.world_servers", "1", *argv])
    return descriptors.for_mode(mode, config) - descriptors.for_servers(2)


@pytest.mark.parametrize(
    ("mode", "argv", "connections"),
    [
        ("evaluate", [], 128),
        ("evaluate", MODEL, 64),
        ("evaluate", [*MODEL, "--env.eval_concurrency", "2000"], 512),
        ("evaluate", [*MODEL, "--env.candidate_model", "oracle"], 192),
        ("process", [*MODEL, "--env.process_concurrency", "5", "--env.group_size", "3"], 15),
        ("process", [*MODEL, "--env.total_steps", "1"], 4),
        ("process", [*MODEL, "--env.group_size", "400"], 512),
        ("serve", MODEL, 32),
        ("serve", [*MODEL, "--env.max_num_workers", "2"], 8),
        ("serve", [*MODEL, "--env.steps_per_eval", "5"], 96),
    ],
)
def test_each_rollout_in_flight_has_a_connection(mode, argv, connections) -> None:
    assert needed(mode, *argv) == connections


def test_a_world_server_needs_descriptors_of_its_own() -> None:
    few, many = (
        descriptors.for_mode(
            "evaluate", read_mode_config(EvenniaWorldEnv, ["--env.world_servers", n])
        )
        for n in ("1", "11")
    )
    assert many - few == 10 * descriptors.A_SERVER


class Limits:
    """The limits of a process, as `resource` shows them."""

    RLIMIT_NOFILE, RLIM_INFINITY = resource.RLIMIT_NOFILE, resource.RLIM_INFINITY

    def __init__(self, soft: int, hard: int) -> None:
        self.now = (soft, hard)

    def getrlimit(self, _: int) -> tuple[int, int]:
        return self.now

    def setrlimit(self, _: int, limits: tuple[int, int]) -> None:
        self.now = limits


@pytest.mark.parametrize(
    ("limits", "after"),
    [
        ((1024, 4096), (1024, 4096)),
        ((64, 4096), (4096, 4096)),
        ((64, -1), (-1, -1)),
        ((-1, -1),) * 2,
    ],
)
def test_a_soft_limit_that_is_too_low_is_raised(monkeypatch, limits, after) -> None:
    found = Limits(*limits)
    monkeypatch.setattr(descriptors, "resource", found)
    descriptors.ensure(200)
    assert found.now == after


def test_a_hard_limit_that_is_too_low_is_told_with_the_number_needed(monkeypatch) -> None:
    monkeypatch.setattr(descriptors, "resource", Limits(64, 64))
    with pytest.raises(UserError) as error:
        descriptors.ensure(200, "--env.eval_concurrency")
    assert str(error.value) == (
        "this run may need 200 open files and 64 are allowed: run `ulimit -n 200` first, "
        "or lower --env.eval_concurrency"
    )
