"""Conversations as plain text, for models and trainers that know no chat.

    [system]
    You live in a text world. ...

    [user]
    Where is the lamp?

    [assistant]
    (I have not looked yet.)
    > evennia_command {"command": "look"}

    [tool evennia_command]
    Hall. A low hall. ...

A thought is in parentheses, each call on a line that begins with `>`. A prompt ends with
the heading of the message that is to follow, so prompt and completion simply join.
"""

from __future__ import annotations

from collections.abc import Sequence

from environments.export.files import Row
from environments.rollouts.messages import Message, content_text

HEADING = "[assistant]\n"


def plain_prompt(messages: Sequence[Message]) -> str:
    """Return the conversation so far, ready for the agent's next words."""
    return "".join(map(_block, messages)) + HEADING


def plain_completion(messages: Sequence[Message]) -> str:
    """Return what follows a prompt; the first message is the agent's."""
    return "".join(map(_block, messages)).removeprefix(HEADING)


def plain_row(row: Row) -> Row:
    """Return a row with plain text in place of its messages; the other columns stay."""
    texts = {name: plain_completion(row[name]) for name in COMPLETIONS if name in row}
    return {**row, "prompt": plain_prompt(row["prompt"]), **texts}


COMPLETIONS = ("completion", "chosen", "rejected")
"""Columns that follow a prompt."""


def _block(message: Message) -> str:
    """Return one message with its heading, and an empty line after it."""
    lines = [f"({thought})"] if (thought := message.get("reasoning_content")) else []
    lines += [content] if (content := content_text(message)) else []
    for call in message.get("tool_calls") or ():
        lines.append(f"> {call['function']['name']} {call['function']['arguments']}".rstrip())
    return f"[{_heading(message)}]\n" + "\n".join(lines) + "\n\n"


def _heading(message: Message) -> str:
    name = message.get("name") if message["role"] == "tool" else None
    return f"{message['role']} {name}" if name else str(message["role"])
