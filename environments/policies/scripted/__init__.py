"""A policy without a model: regular expressions and a map of its own, from observations only.

It is our best effort by hand and knows the forms of prompts and observations, never the task
or its world. The edge to our types is here; everything else is given texts.
"""

from __future__ import annotations

from environments.policies.policy import Move, View
from environments.policies.scripted.decide import decide


def scripted(view: View) -> Move:
    """Decide on the next calls from the prompt and the conversation alone."""
    exchanges = [(e.tool, e.arguments, e.result) for e in view.exchanges]
    return Move(calls=tuple(decide(view.prompt, exchanges, view.turn)))
