"""What a run is made with: all options that bear on what is played or on its score.

Options are left out by name, so a new one counts until somebody writes it into one of these
sets. What is recorded is plain JSON without secrets, and is compared when a run goes on.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pydantic import BaseModel

from environments.tool_call_parsers.imported import imported, is_import_path
from world_fixtures.common import digest

HOW_FAST_OR_WHERE = frozenset({
    "adopt", "call_timeout", "data_dir_to_save_evals", "data_path_to_save_groups",
    "max_eval_workers", "max_num_workers", "max_num_workers_per_node",
    "min_items_sent_before_logging", "num_rollouts_per_group_for_logging", "num_rollouts_to_keep",
    "part_bytes",
    "process_concurrency", "eval_concurrency", "ray", "ray_cpus", "replicas",
    "rollout_server_url", "spectate",
    "tool_pool_size", "total_steps", "use_wandb", "wandb_name", "worker_timeout", "workers",
    "world_servers",
})  # fmt: skip
"""Options that say how fast or where a run is played, or how long it is."""
OF_SERVE = frozenset({
    "batch_size", "ensure_scores_are_not_same", "eval_handling", "eval_limit_ratio",
    "inference_weight", "max_batches_offpolicy", "min_batch_allocation", "steps_per_eval",
})  # fmt: skip
"""Options that only a trainer's run knows."""
RECORDED_OTHERWISE = frozenset({
    "candidate_api_key_env", "candidate_base_url", "candidate_model", "candidate_percent",
    "candidate_shadow", "models", "policy", "price_input", "price_output",
})  # fmt: skip
"""Options that a run's record holds in another form: its model, and that of its candidate."""
OF_EVALUATE = frozenset({
    "eval_attempts", "eval_baselines", "eval_difficulty", "eval_families", "eval_kinds",
    "eval_limit", "eval_temperature", "notes", "suite",
})  # fmt: skip
"""Options that `process` does not read."""
OF_TRAINING = frozenset({
    "branch_turns", "branches", "credit", "difficulty", "families", "group_size", "kinds", "seed",
    "signal_floor", "target_success",
})  # fmt: skip
"""Options that `evaluate` does not read."""
PROCESS_WITHOUT = HOW_FAST_OR_WHERE | OF_SERVE | RECORDED_OTHERWISE | OF_EVALUATE
EVALUATE_WITHOUT = (
    HOW_FAST_OR_WHERE | OF_SERVE | RECORDED_OTHERWISE | OF_EVALUATE | OF_TRAINING
    | {"process_drop_equal", "process_ordered"}
)  # fmt: skip
SERVER_WITHOUT = frozenset({
    "api_key", "base_url", "health_check", "num_max_requests_at_once", "num_requests_for_eval",
    "rolling_buffer_length", "timeout",
})  # fmt: skip
"""Options of a model server that bear on no score."""
LATER: Mapping[str, Any] = {
    "chat_template": None, "kinds": None, "max_repeats": None, "process_drop_equal": False,
    "return_token_ids": False, "sampling_seed": None, "signal_floor": None, "top_p": None,
}  # fmt: skip
"""Options that older records lack, with the value that all had then."""
TEMPLATE = "chat_template"
"""Option that names a file of which the text counts."""
PARSER, PARSER_SOURCE = "tool_call_parser", "tool_call_parser_source"
"""Option that names a parser, and the setting that tells its source where it is the user's own."""
TASKS = "tasks_version"
"""Name of the tasks' version among the settings; without it they are of version 1."""
SHOWN = 3
"""Differences that a message names."""
LONGEST = 60
"""Characters of a value that a message shows."""
_PROJECT = Path(__file__).resolve().parents[2]


def settings_of(config: BaseModel, without: Collection[str]) -> dict[str, Any]:
    """Return the options of `config`, less those named in `without`, as plain JSON.

    A chat template that is given counts by its text, not by where its file is; a parser of the
    user's own by its name and by the text of its file.
    """
    kept = {k: v for k, v in config.model_dump(mode="json").items() if k not in without}
    if (template := kept.get(TEMPLATE)) is not None:
        file = Path(template)
        text = file.read_text("utf-8", "replace") if file.is_file() else template
        kept[TEMPLATE] = digest(text).hex()
    if is_import_path(parser := kept.get(PARSER) or ""):
        kept[PARSER_SOURCE] = imported(parser).source
    return {name: _portable(value) for name, value in kept.items()}


def server_settings(servers: Iterable[BaseModel]) -> list[dict[str, Any]]:
    """Return what of the model servers bears on a score, of equal ones once.

    Where all are the same, their model and host are left out: a run names these itself.
    """
    found: list[dict[str, Any]] = []
    for server in servers:
        host = urlsplit(getattr(server, "base_url", None) or "").hostname or ""
        made = settings_of(server, SERVER_WITHOUT) | {"host": host}
        if made not in found:
            found.append(made)
    if len(found) == 1:
        return [{k: v for k, v in found[0].items() if k not in ("host", "model_name")}]
    return found


def differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """List what differs, e.g. `seed: 1 there, 2 here`, apart from what was not recorded before."""
    then = {k: v for k, v in LATER.items() if k in now} | dict(before)
    known = {k: v for k, v in now.items() if k in then}
    return list(_differences(then, known, ""))


def unrecorded(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """List the names of what `before` does not hold."""
    return [name for name in now if name not in {**LATER, **before}]


def listed(found: Collection[str]) -> str:
    """Join the first of a list for a message, and count the others."""
    more = f" and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
    return "; ".join(islice(found, SHOWN)) + more


def plain(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings as they come back from a file of JSON."""
    made: dict[str, Any] = json.loads(json.dumps(settings))
    return made


def _portable(value: Any) -> Any:
    """Return a path within this project relative to it: where it is installed does not count."""
    if isinstance(value, str) and value.startswith(f"{_PROJECT}/"):
        return str(Path(value).relative_to(_PROJECT))
    return value


def _differences(before: Any, now: Any, name: str) -> Iterator[str]:
    if isinstance(before, dict) and isinstance(now, dict):
        for key in {**before, **now}:
            yield from _differences(
                before.get(key), now.get(key), f"{name}.{key}" if name else str(key)
            )
    elif isinstance(before, list) and isinstance(now, list) and len(before) == len(now) == 1:
        yield from _differences(before[0], now[0], name)
    elif before != now:
        yield f"{name}: {_shown(before)} there, {_shown(now)} here"


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 3]}..."
