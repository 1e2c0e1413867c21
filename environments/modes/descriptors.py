"""File descriptors: how many a run needs, and whether the system gives so many."""

from __future__ import annotations

import os
import resource
from typing import TYPE_CHECKING

from world_fixtures.common import UserError

if TYPE_CHECKING:  # Atropos: seconds
    from atroposlib.envs.base import BaseEnvConfig

    from environments.modes.options import ModeConfig

BASE = 64
"""Descriptors of a process whatever it plays: 13 in a run, more while libraries are loaded."""
A_SERVER = 3
"""Descriptors for a world server: two sockets, and its log while it starts."""
LOWER = {
    "evaluate": "--env.eval_concurrency",
    "process": "--env.process_concurrency or --env.group_size",
    "serve": "--env.max_num_workers or --env.group_size",
}
"""Mode -> the options that decide how many rollouts are played at once."""


def for_servers(servers: int) -> int:
    """Return how many descriptors a process needs that plays without a model's endpoint."""
    return BASE + A_SERVER * servers


def for_mode(mode: str, config: ModeConfig) -> int:
    """Return how many descriptors a run of `mode` needs at most.

    A rollout in flight has one connection to the model's endpoint, and as many as the endpoint's
    limits of requests allow are open at once. Of a connection to an embedded policy both ends
    are ours; a shadow model is asked beside the first.
    """
    env, servers = config.env, config.servers
    training = sum(server.num_max_requests_at_once for server in servers)
    evaluating = min(
        getattr(env, "eval_concurrency", env.max_eval_workers),
        sum(server.num_requests_for_eval for server in servers),
    )
    if mode == "evaluate":
        connections = evaluating
    else:
        connections = min(_groups_at_once(mode, env, len(servers)) * env.group_size, training)
        if mode == "serve" and env.steps_per_eval > 0:
            connections += evaluating
    ends = 1 if config.configured else 2
    if getattr(env, "candidate_model", None):
        ends += 1 if getattr(env, "candidate_base_url", None) else 2
    worlds = getattr(env, "world_servers", None) or os.cpu_count() or 1
    return (
        for_servers(worlds + 1) + int(connections) * ends
    )  # one more for rollouts that restart it


def ensure(needed: int, lower: str = "") -> None:
    """Raise the soft limit of open files where `needed` are more than it allows.

    Raises UserError where the hard limit allows fewer, too; `lower` names the options that would
    need fewer.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= needed:
        return
    if hard != resource.RLIM_INFINITY and hard < needed:
        instead = f", or lower {lower}" if lower else ""
        raise UserError(
            f"this run may need {needed} open files and {hard} are allowed: "
            f"run `ulimit -n {needed}` first{instead}"
        )
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def _groups_at_once(mode: str, env: BaseEnvConfig, servers: int) -> int:
    if mode == "process":
        return min(getattr(env, "process_concurrency", 1), int(env.total_steps))
    workers = int(env.max_num_workers)
    return int(env.max_num_workers_per_node) * servers if workers == -1 else workers
