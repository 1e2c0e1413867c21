"""`evennia-world learn`: models trained on this environment, without a GPU."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Annotated

import typer

from environments.cli.verb import new_verb
from environments.extras import needs

app = new_verb()
STEPS = 24


@app.callback()
def _learn() -> None:
    """Train models on this environment, on a machine without a GPU."""
    # As by Ctrl-C: the programs of the chain are ended, and what is done is kept. By the signal,
    # since a loop of asyncio that runs has its own way of ending for it.
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))


OUT = typer.Option(metavar="DIR", help="directory of the proof; what is there is not made again")
MODEL = typer.Option(
    metavar="DIR|ID", help="model: a directory or a Hugging Face id; none: SmolLM2-135M-Instruct"
)


@app.command()
def sft(out: Annotated[Path, OUT], model: Annotated[str | None, MODEL] = None) -> int:
    """Tune a small model on a follower's play, and measure it before and after.

    On suites `learn` and `unseen`, in worlds that it was not tuned on. Takes up to an hour
    on two cores; a run that was stopped goes on.
    """
    _need_extra()
    from environments.learning.proof.small import Proof, learn

    learn(Proof(out, _say, model=model))
    return 0


@app.command()
def rl(
    out: Annotated[Path, OUT],
    model: Annotated[str | None, MODEL] = None,
    seeds: Annotated[int, typer.Option(help="runs of training", min=1, max=100)] = 2,
    steps: Annotated[int, typer.Option(help="steps of each run", min=1, max=100_000)] = STEPS,
) -> int:
    """Train the tuned model by reinforcement, through the whole chain.

    Beside it the tuned model is tuned on for as much processor time, and both are measured
    on suite `learn`. Takes hours on two cores; a run that was stopped goes on.
    """
    _need_extra()
    from environments.learning.proof.small import Proof, learn_rl

    learn_rl(Proof(out, _say, model=model, steps=steps), range(seeds))
    return 0


@app.command()
def report(
    run: Annotated[Path, typer.Argument(metavar="DIR", help="directory of `learn sft` or `rl`")],
    out: Annotated[Path, typer.Option(metavar="DIR", help="directory of the report's files")],
) -> int:
    """Write what a small model has learnt: summary.json, a page and a plot."""
    _need_extra()
    from environments.learning.proof.report import write_report

    print(write_report(run, out))
    return 0


@app.command()
def tiny(
    out: Annotated[Path, typer.Option(metavar="DIR", help="new directory for what is written")],
    seeds: Annotated[int, typer.Option(help="models that are trained", min=1, max=100)] = 2,
) -> int:
    """Train models of a million parameters from scratch until they walk where a way leads.

    Each is tuned on the play of a policy that errs, trained by reinforcement learning
    through the whole chain, and measured on unseen tasks before and after that. The exit
    code is 1 where a reward does not rise by the margin in summary.json.
    """
    _need_extra()
    from environments.learning.proof.tiny import learn_tiny

    rose = learn_tiny(out, range(seeds), _say)
    print(f"{out / 'summary.json'}: {'each' if rose else 'NOT each'} reward rose by the margin")
    return 0 if rose else 1


@app.command()
def credit(
    out: Annotated[Path, typer.Option(metavar="DIR", help="new directory for what is written")],
    seeds: Annotated[int, typer.Option(help="models that are trained", min=1, max=100)] = 3,
) -> int:
    """Compare ways of giving credit: tiny models, trained with each of them.

    Writes the reward by the tokens that the model server has computed, as figures and plot.
    """
    _need_extra()
    from environments.learning.proof.credit import study_credit

    print(study_credit(out, range(seeds), _say))
    return 0


def _say(line: str) -> None:
    print(line, flush=True)


def _need_extra() -> None:
    with needs("train"):
        import torch  # noqa: F401
        import trl  # noqa: F401
