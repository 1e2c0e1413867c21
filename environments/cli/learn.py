"""`evennia-world learn`: models trained on this environment, without a GPU."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from environments.cli.verb import new_verb
from environments.extras import needs

app = new_verb()


@app.callback()
def _learn() -> None:
    """Train models on this environment, on a machine without a GPU."""


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
    with needs("train"):
        import torch  # noqa: F401
        import trl  # noqa: F401
    from environments.learning.proof.tiny import learn_tiny

    rose = learn_tiny(out, range(seeds), lambda line: print(line, flush=True))
    print(f"{out / 'summary.json'}: {'each' if rose else 'NOT each'} reward rose by the margin")
    return 0 if rose else 1
