"""A trainer that starts again continues the sequence of tasks."""

from __future__ import annotations

from pathlib import Path

from environments.evennia_world_env import EvenniaWorldEnv


def environment(directory: Path, step: int) -> EvenniaWorldEnv:
    config, servers = EvenniaWorldEnv.config_init()
    config.target_success = 0.5
    env = EvenniaWorldEnv(config, servers)
    env.checkpoint_dir, env.wandb_prepend, env.curr_step = str(directory), "evennia_world_0", step
    return env


async def test_the_curriculum_is_saved_and_taken_up(tmp_path: Path) -> None:
    before = environment(tmp_path, 0)
    before.curriculum.stream = 3
    for _ in range(60):
        before.curriculum.report(await before.get_next_item(), True)
    before.save_checkpoint(40)
    expected = [(await before.get_next_item()).id for _ in range(5)]

    after = environment(tmp_path, 40)
    after.load_checkpoint()
    assert [(await after.get_next_item()).id for _ in range(5)] == expected
    other = environment(tmp_path, 80)
    other.load_checkpoint()  # there is none of that step
    assert [(await other.get_next_item()).id for _ in range(5)] != expected
