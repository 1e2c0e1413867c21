"""The help of a mode: the options that everybody needs, and on demand all of them. Pure text."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from environments.modes.option_table import GROUPS, RUN, Option, shipped
from environments.modes.short_names import MODES, SHORT_NAMES

HELP_ALL = "--help-all"
HELP = {"-h", "--help", HELP_ALL}
WIDTH, INDENT = 88, 26
DOES = {
    "evaluate": "Plays a suite of tasks with a model or an embedded policy, and writes results with"
    " a report. Without a model it needs nothing: no key, no network.",
    "process": "Plays training tasks in groups, and writes the scored groups to a file that"
    " trainers read. The same command continues a run that was stopped.",
    "serve": "Plays training tasks in groups for an Atropos trainer, which takes them from its"
    " rollout server, until the trainer has done its steps.",
}
EXAMPLES = {
    "evaluate": (
        "--policy oracle",
        "--model my-model --base-url http://localhost:8000/v1 --limit 25",
        "--families errand,navigation --difficulty 3 --out runs/mine",
    ),
    "process": (
        "--limit 10 --group-size 4 --out runs/groups.jsonl",
        "--model my-model --base-url http://localhost:8000/v1 --families errand",
    ),
    "serve": (
        "--trainer http://localhost:8000 --group-size 8",
        "--config configs/atropos_serve.yaml",
    ),
}


def asked_help(words: Sequence[str], program: str) -> str | None:
    """Return the help of a mode of `EvenniaWorldEnv` where `words` ask for it, else None."""
    if not words or words[0] not in MODES or not set(words) & HELP:
        return None
    return mode_help(words[0], words, shipped(), f"{program} {words[0]}")


def mode_help(mode: str, given: Sequence[str], options: Sequence[Option], program: str) -> str:
    """Return the help that is asked for among the words `given`: all options, or the most used."""
    made = full_help if HELP_ALL in given else short_help
    return made(mode, options, program)


def short_help(mode: str, options: Sequence[Option], program: str) -> str:
    """Return the help of `mode` with its short names, for someone who is new.

    Short names whose option is not among `options` are left out.
    """
    known = {option.name: option for option in options}
    meant = {short: names.of(mode) for short, names in SHORT_NAMES.items()}
    rows: dict[str, list[str]] = {group: [] for group in GROUPS}
    for short, name in meant.items():
        if name in known:
            option = known[name]
            rows[option.group].append(_row(f"--{short}", option, f"--{name}"))
    for name in ("config",):
        if name in known:
            rows[RUN].append(_row(f"--{name}", known[name]))
    examples = "\n".join(f"  {program} {line}" for line in EXAMPLES.get(mode, ()))
    return "\n".join(
        [
            f"usage: {program} [OPTIONS]\n",
            textwrap.fill(DOES.get(mode, ""), WIDTH),
            *([f"\nexamples:\n{examples}"] if examples else []),
            *_listed(rows),
            "\n" + textwrap.fill(
                f"These are the options that most need. `{program} --help-all` lists all"
                f" {len(options)}, those of the trainer among them, by the dotted names that they"
                " have in YAML files.", WIDTH,
            ),
        ]
    )  # fmt: skip


def full_help(mode: str, options: Sequence[Option], program: str) -> str:
    """Return the help of `mode` with all options, ours first and the trainer's last."""
    shorts = {names.of(mode): short for short, names in SHORT_NAMES.items()}
    rows: dict[str, list[str]] = {group: [] for group in GROUPS}
    order = [*shorts, *(option.name for option in options)]
    for option in sorted(options, key=lambda option: order.index(option.name)):
        short = shorts.get(option.name)
        rows[option.group].append(_row(f"--{option.name}", option, f"--{short}" if short else ""))
    return "\n".join([f"usage: {program} [OPTIONS]", *_listed(rows)])


def _listed(rows: dict[str, list[str]]) -> list[str]:
    return [f"\n{group}\n" + "\n".join(found) for group, found in rows.items() if found]


def _row(name: str, option: Option, other_name: str = "") -> str:
    """Return an option with what it takes, its range and its default, in two columns."""
    taken = ", ".join(filter(None, [option.kind, option.allowed]))
    default = f"default {option.default}" if option.default else ""
    text = f"{option.about} [{'; '.join(filter(None, [taken, default, other_name]))}]"
    lines = textwrap.wrap(text, WIDTH - INDENT, break_long_words=False, break_on_hyphens=False)
    head = f"  {name}"
    if len(head) < INDENT - 1:
        head = f"{head:<{INDENT}}{lines.pop(0)}"
    return "\n".join([head, *(" " * INDENT + line for line in lines)])
