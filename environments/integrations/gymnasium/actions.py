"""An action is one text: a world command, or what else an agent may do.

look                       any other text is given to the world as a command
connect                    enter the world
observe                    look around
disconnect                 leave the world; ends the present part where another follows
submit {"year": 1742}      hand in the answer, which ends the task; submit alone is submit {}
command connect            give the text behind the word to the world, whatever it is
"""

from __future__ import annotations

import json
from typing import Any

from environments.hosting.tool_names import PREFIX
from environments.tools.toolbox import json_object

INSTRUCTIONS = """\
You live in a text world. Each of your messages is one action, and nothing else. First enter the \
world with: connect. Then give one command at a time (such as: look, north, examine lamp, read \
letter, get key, put key in box, unlock door with key, open door, write TEXT on wall, inventory, \
help). The world is only known by looking: never guess what you have not seen. When the task is \
done, hand in with: submit, and the fields that the task names as a JSON object, such as \
submit {"year": 1742}, or submit {} where it names none. Where a part of a task ends, leave the \
world with: disconnect."""
"""Tells a language model how to act; its system prompt."""
ALONE = ("connect", "observe", "disconnect")
"""Words that are no command where nothing follows them."""


def read_action(text: str) -> tuple[str, dict[str, Any]]:
    """Return the tool that an action calls, and its arguments.

    An answer that is no JSON object stays the text that it is, for the tool to say what is wrong.
    """
    word, _, rest = text.partition(" ")
    if (alone := text.strip().casefold()) in ALONE:
        return PREFIX + alone, {}
    if word == "command":
        return f"{PREFIX}command", {"command": rest}
    if text.split(None, 1)[:1] == ["submit"]:
        return f"{PREFIX}submit", {"answer": _answer(text.strip().removeprefix("submit").strip())}
    return f"{PREFIX}command", {"command": text}


def write_action(tool: str, arguments: dict[str, Any]) -> str:
    """Return the action that calls a tool of the toolset `evennia`; the inverse of `read_action`.

    Raises ValueError for another tool.
    """
    name = tool.removeprefix(PREFIX)
    if name in ALONE:
        return name
    if name == "submit":
        return f"submit {json.dumps({'answer': arguments.get('answer', {})}, ensure_ascii=False)}"
    if name != "command":
        raise ValueError(f"no action calls {tool!r}")
    command = str(arguments.get("command", ""))
    plain = read_action(command) == (f"{PREFIX}command", {"command": command})
    return command if plain else f"command {command}"


def _answer(text: str) -> dict[str, Any] | str:
    try:
        given = json_object(text)
    except ValueError:
        return text
    inner = given.get("answer")
    return inner if len(given) == 1 and isinstance(inner, dict) else given
