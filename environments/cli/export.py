"""`evennia-world export FORMAT IN... --out DIR`: rollouts in the formats that trainers read."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from environments.cli.still_worlds import tell_left_out
from environments.cli.verb import new_verb
from world_fixtures.common import UserError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from environments.export.files import Row
    from environments.export.judgement import ByTurn, Question
    from environments.export.scored import Scored
    from environments.rollouts.record import Rollout

    Exported = tuple[dict[str, Sequence[Row]], list[str]]
    """Rows by the name of their file, and how they were made, in sentences."""

app = new_verb()


@app.command()
def export(
    format: Literal[
        "hermes", "sft", "dpo", "dpo_steps", "prm_steps", "kto", "text", "tensorzero", "parquet"
    ],
    sources: Annotated[
        list[Path],
        typer.Argument(
            metavar="IN...", help="run directories, samples.jsonl, or groups that `process` wrote"
        ),
    ],
    out: Annotated[Path, typer.Option(metavar="DIR")],
    by: Annotated[
        Literal["rollout", "turn"],
        typer.Option(help="a row for each conversation, or for each message of the model"),
    ] = "rollout",
    tokenizer: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="sft: tokens and their loss mask; by turn: texts of this template"
        ),
    ] = None,
    margin: Annotated[float, typer.Option(help="least difference of rewards in a DPO pair")] = 0.1,
    blame: Annotated[
        float, typer.Option(metavar="COMMANDS", help="most that a good step costs, for prm_steps")
    ] = 0.5,
    worlds: Annotated[
        int,
        typer.Option(metavar="N", help="resampled to tell luck, for dpo_steps and prm_steps"),
    ] = 20,
) -> int:
    """Write rollouts in the formats that trainers read, and a card that says how rows were made.

    Rows end with the model's last words. With `--by turn` a completion is one message of the model,
    so that trainers without a mask (TRL's DPO and KTO) learn its words alone.

    Hermes trajectories; rows for SFT (successful rollouts), DPO (pairs of rollouts of one task)
    and KTO; dpo_steps, pairs of next messages from a run of `evennia-world branch`; prm_steps,
    labels of steps for process reward models; plain text; TensorZero. parquet writes the rows of
    sft, dpo, kto and text as Parquet.
    """
    if not 0 < margin <= 1:
        raise UserError(f"--margin {margin:g} is out of range: rewards lie between 0 and 1")
    if not blame >= 0:
        raise UserError(f"--blame {blame:g} is out of range: it is a number of commands, 0 or more")
    if by == "turn" and format not in _TABLES:
        raise UserError(f"--by turn is for {', '.join(_TABLES)}: leave it out for {format}")
    takes_tokenizer = ("sft", "dpo", "kto") if by == "turn" else ("sft", "dpo_steps")
    if tokenizer is not None and format not in takes_tokenizer:
        raise UserError(
            "--tokenizer is for sft and dpo_steps, and with --by turn for dpo and kto: not for"
            f" {format} by {by}"
        )
    if not 1 <= worlds <= 1000:
        raise UserError(f"--worlds {worlds} is out of range: choose 1 to 1000, such as 20")

    # The readers and writers: evaluation's statistics among them.
    from environments.export.card import card, check_card, write_card
    from environments.export.files import write
    from environments.export.hermes_writer import check_no_groups
    from environments.export.sources import read_played, read_scored
    from environments.rollouts.replacing import check_rows

    check_no_groups(out)
    check_card(out)
    source = ", ".join(map(str, sources))
    loaded = None if tokenizer is None else _tokenizer(tokenizer)
    rollouts: Sequence[Scored]
    if format in _TABLES:
        rollouts = read_scored(sources, _tools_of)
        files, made = _tables(format, rollouts, margin, by == "turn", loaded)
    else:
        played = rollouts = read_played(format, sources)
        if format.endswith("_steps"):
            untold = "states, which nothing tells where time passes and others act"
            tell_left_out(source, played, f"{format} needs the value of {untold}")
        if format == "dpo_steps":
            files, made = _step_pairs(source, played, margin, worlds)
        elif format == "prm_steps":
            files, made = _step_rewards(played, blame, worlds)
        else:
            files, made = _files(format, played)
    if not any(files.values()):
        why = made[-1] if format.endswith("_steps") else _needs(format, rollouts)
        raise UserError(f"{source} holds nothing for {format}: {why}")
    if loaded is not None and (by == "turn" or format == "dpo_steps"):
        from environments.export.token_rows import rendered

        made.append("texts: by the chat template of the tokenizer that was named")
        files = {name: [rendered(row, loaded) for row in rows] for name, rows in files.items()}
    for name in files:
        check_rows(out / name)
    for name, rows in files.items():
        write(out / name, rows)
        print(f"{out / name}: {len(rows)} rows")
    numbers = {name: len(rows) for name, rows in files.items()}
    names = ", ".join(path.resolve().name for path in sources)
    write_card(out, card(format, names, rollouts, numbers, made))
    if format.endswith("_steps"):
        print("\n".join(made))
    elif by == "rollout" and format in ("dpo", "kto"):
        print(WHOLE)
    return 0


_TABLES = ("sft", "dpo", "kto", "text", "parquet")
"""Formats that are rows of conversations, which files of groups hold, too."""
WHOLE = (
    "rows: whole conversations. TRL's DPO and KTO trainers have no mask and would learn the tools'"
    " results in them, too: add --by turn for rows of the model's words alone"
)
_NEEDS = {
    "hermes": "no rollout has a conversation",
    "sft": "no rollout succeeded",
    "dpo": "no two rollouts of one task are that far apart in reward; play several attempts",
    "kto": "no rollout was scored",
    "text": "no rollout succeeded and no two of one task are far enough apart in reward",
    "tensorzero": "no rollout has a conversation",
    "parquet": "no rollout was scored",
}


def _needs(name: str, rollouts: Sequence[Scored]) -> str:
    """Say what is lacking for a format of which there are no rows."""
    tasks = {r.task.id for r in rollouts if r.verdict is not None}
    if name == "dpo" and len(tasks) == sum(r.verdict is not None for r in rollouts):
        return (
            "no two rollouts of one task were scored; play several attempts (`evaluate"
            " --env.eval_attempts 4 --env.eval_temperature 1`), or give several runs"
        )
    return _NEEDS[name]


def _tools_of(settings: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the schemas of the tools of a run of `process`; none where they are not known here."""
    from environments.tools.registry import tools_of

    enabled, disabled = settings.get("enabled_toolsets"), settings.get("disabled_toolsets")
    if enabled is None or settings.get("distribution"):  # not recorded, or drawn for each group
        return []
    try:
        return [tool.schema for tool in tools_of(enabled, disabled).values()]
    except (UserError, KeyError, ValueError):
        return []


def _tables(
    name: str, rollouts: Sequence[Scored], margin: float, by_turn: bool, tokenizer: Any
) -> Exported:
    from environments.export.tables import TABLES, table

    if tokenizer is not None and not by_turn:
        from environments.export.token_rows import token_rows

        return {"sft_tokens.jsonl": token_rows(rollouts, tokenizer)}, [
            "tokens: `assistant_masks` is 1 where the model said the token"
        ]
    pairs = f"pairs: two rollouts of one task whose rewards are at least {margin:g} apart"
    made = [pairs] if name in ("dpo", "text", "parquet") else []
    if by_turn:
        made.append("rows: single messages of the model, after all that came before them")
        if made[0] == pairs:
            made.append("pairs of messages: the first in which two rollouts differ")
    elif name in ("dpo", "kto"):
        made.append(WHOLE)
    if name == "parquet":
        every = {kind: table(kind, rollouts, margin, by_turn) for kind in TABLES}
        return {f"{kind}.parquet": rows for kind, rows in every.items() if rows}, made
    kinds = {"text": ("text", "dpo_text")}.get(name, (name,))
    return {f"{kind}.jsonl": table(kind, rollouts, margin, by_turn) for kind in kinds}, made


def _tokenizer(name: str) -> Any:
    from transformers import AutoTokenizer  # seconds, for those who want tokens

    try:
        return AutoTokenizer.from_pretrained(name, local_files_only=True)
    except Exception as error:  # whatever a foreign directory makes it raise
        raise UserError(
            f"tokenizer {name!r} cannot be loaded: name a directory with --tokenizer, or an id of"
            " the Hugging Face hub that was downloaded before"
        ) from error


def _files(name: str, rollouts: Sequence[Rollout]) -> Exported:
    if name == "hermes":
        # A format's writer is loaded where that format is asked for.
        from environments.export.hermes import hermes_files
        from environments.tools.registry import toolsets_of

        return dict(hermes_files(rollouts, toolsets_of)), []
    from environments.export.tensorzero import tensorzero_files

    return dict(tensorzero_files(rollouts)), []


def _step_pairs(source: str, rollouts: Sequence[Rollout], margin: float, worlds: int) -> Exported:
    from environments.export.step_pairs import LEAST_BRANCHES, step_pairs
    from environments.export.tables import step_rows

    if not any(rollout.branch_of for rollout in rollouts):
        raise UserError(
            f"{source} holds no branches, which dpo_steps is made of: play them with `evennia-world"
            f" branch RUN --at TURN --times 8 --out DIR`, and export DIR"
        )
    found = step_pairs(rollouts, margin, lambda questions: _judged(questions, worlds, "messages"))
    return {"dpo_steps.jsonl": step_rows(found.pairs)}, [
        "rows: pairs of next messages after the same messages and in the same state of the world;"
        " each is worth the mean reward of the branches that begin with it, and of a state only the"
        f" pair that lies widest apart is a row, where that is at least {margin:g}",
        f"branches: each worth is the mean of at least {LEAST_BRANCHES}; {found.few} next messages"
        " with fewer were left out",
        f"luck: told from up to {worlds} resampled worlds for each message; {found.luck} next"
        " messages were left out",
        f"of {found.states} states from which scored branches go on, {found.no_pair} gave no pair:"
        f" their next messages are alike, have too few branches, are less than {margin:g} apart, or"
        " are luck; more branches of a state (`evennia-world branch --times`) may give one",
    ]


def _step_rewards(rollouts: Sequence[Rollout], blame: float, worlds: int) -> Exported:
    from environments.export.step_rewards import step_rewards

    found = step_rewards(rollouts, blame, lambda asked: _judged(asked, worlds, "rollouts"))
    left_out = "; ".join(f"{why}: {n}" for why, n in sorted(found.left_out.items())) or "none"
    return {"prm_steps.jsonl": found.rows}, [
        "rows: conversations of all rollouts of the present version of the tasks, whether they"
        f" succeeded or not ({found.rollouts} of {len(rollouts)} rollouts)",
        f"labels: {found.good} true, {found.bad} false; false where a command is blamed for more"
        f" than {blame:g} commands, by up to {worlds} resampled worlds for each; {found.untold}"
        " rest on fewer than 5 worlds",
        f"messages without a label: {left_out}",
    ]


def _judged(questions: Sequence[Question], worlds: int, unit: str) -> list[ByTurn]:
    """Return the regrets that are asked for, with a display of how far that is."""
    from environments.export.judgement import judge
    from environments.modes.run import interrupted_once
    from environments.rollouts.progress import Tally, chosen_display

    if not questions:
        return []
    tally = Tally(f"{unit} judged", len(questions))
    with interrupted_once(), chosen_display(tally) as display:

        def answered() -> None:
            tally.done += 1
            display.changed()

        return judge(questions, worlds, answered=answered)
