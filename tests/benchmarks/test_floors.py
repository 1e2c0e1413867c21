"""What figures are compared with is measured as it says."""

from __future__ import annotations

import os
import time

from benchmarks import client_floor, floors, world


def test_a_ping_pong_of_two_processes_ends_with_its_connection() -> None:
    assert floors.ping_ms(70, 900, 20) > 0


def test_processor_time_of_a_process_is_what_it_has_used() -> None:
    before, began = floors.cpu_seconds(os.getpid()), time.process_time()
    while time.process_time() - began < 0.05:
        pass
    assert 0.03 < floors.cpu_seconds(os.getpid()) - before < 5


def test_a_bare_client_asks_what_the_rollout_has_asked() -> None:
    opening = [{"role": "system", "content": "s"}, {"role": "user", "content": "u"}]
    first = [{"role": "assistant", "content": "a"}, {"role": "tool", "content": "t"}]
    second = [{"role": "assistant", "content": "b"}, {"role": "tool", "content": "v"}]
    last = {"messages": [*opening, *first, *second], "n": 1}
    asked = client_floor.turns_of(last)
    assert [request["messages"] for request in asked] == [
        opening, [*opening, *first], [*opening, *first, *second],
    ]  # fmt: skip
    assert all(request["n"] == 1 for request in asked)


def test_figures_as_multiples_of_their_floors() -> None:
    found = {
        "command": {
            "look_p50_ms": {"ours": 0.5, "in_process": 0.1},
            "server_cpu_ms": {"ours": 0.3, "in_process": 0.2},
        },
        "floor": {"ping_ms": 0.1},
        "spawn_ms": {"rooms_8": 2.0, "rooms_100": 10.0, "create_8": 100.0},
        "steps_per_s": {"ours": 1000.0, "textworld": None},
    }
    times = world.times_floor(found)
    assert times["look"] == 2.5
    assert times["create_8_of_spawn"] == 50.0
    assert times["spawn_100_of_8_rooms"] == 5.0
    assert times["steps_of_textworld"] is None
