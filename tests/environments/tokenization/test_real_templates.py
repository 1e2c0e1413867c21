"""Training sequences under the chat templates that models come with, as TRL collects them."""

from __future__ import annotations

import copy
import importlib.util
import json
from pathlib import Path
from typing import Any

import pytest
from transformers import AutoTokenizer

from environments.tokenization.sequences import MASKED, sequences_from_messages
from environments.tokenizer import PATH
from world_fixtures.common import UserError

FOUND = importlib.util.find_spec("trl")
TEMPLATES = {
    p.stem: p.read_text()
    for root in (FOUND.submodule_search_locations or () if FOUND else ())
    for p in Path(root, "chat_templates").glob("*.jinja")
}
pytestmark = pytest.mark.skipif(not TEMPLATES, reason="TRL is not installed (extra `dev`)")

TOKENIZER: Any = AutoTokenizer.from_pretrained(PATH)
PARAMETERS = {"type": "object", "properties": {"command": {"type": "string"}}}
TOOLS = [
    {
        "type": "function",
        "function": {"name": "act", "description": "Acts.", "parameters": PARAMETERS},
    }
]
SILENT = frozenset(
    f"{name}{training}"
    for name in (
        "cohere", "cohere2", "deepseek_r1_distill", "gemma", "gemma3", "lfm2", "llama3", "phi3",
        "phi3_5", "qwen2_5_vl",
    )
    for training in ("", "_training")
) - {"llama3"}  # fmt: skip
"""Templates that show no tool calls."""
ODD = (
    "deepseekv3",  # shows an earlier tool's result otherwise once there is an answer
    "llama3",  # needs a token that ours has not
    "idefics3", "idefics3_training", "llava_next", "llava_next_training", "smolvlm",
    "smolvlm_training",  # content in parts
)  # fmt: skip


def talk(reasons: bool) -> list[dict[str, Any]]:
    """Three calls, each answered, and a last word; who said what can be told from the text."""
    messages: list[dict[str, Any]] = [
        {"role": "system", "content": "HEARD system"}, {"role": "user", "content": "HEARD user"},
    ]  # fmt: skip
    for n in range(4):
        turn: dict[str, Any] = {"role": "assistant", "content": "" if n < 3 else "SAID3."}
        if reasons:
            turn["reasoning_content"] = f"THOUGHT{n}."
        messages.append(turn)
        if n < 3:
            function = {"name": "act", "arguments": json.dumps({"command": f"SAID{n}."})}
            call = {"id": f"callidno{n}", "type": "function", "function": function}
            turn["tool_calls"] = [call]
            messages.append(
                {
                    "role": "tool",
                    "tool_call_id": call["id"],
                    "name": "act",
                    "content": f"HEARD {n}.",
                }
            )
    return messages


def trained(template: str, reasons: bool) -> str:
    """All text that is trained."""
    tokenizer = copy.copy(TOKENIZER)
    tokenizer.chat_template = template
    sequences = sequences_from_messages(talk(reasons), TOOLS, tokenizer)
    runs = [[t for t, m in zip(s.tokens, s.masks, strict=True) if m != MASKED] for s in sequences]
    return "|".join(tokenizer.decode(run) for run in runs)


@pytest.mark.parametrize("reasons", [False, True])
@pytest.mark.parametrize("name", sorted(TEMPLATES))
def test_all_that_the_model_said_is_trained_once_or_the_template_is_refused(name, reasons) -> None:
    if name in SILENT or name in ODD:
        why = "leaves tool calls out" if name in SILENT else "choose another with --env.tokenizer"
        with pytest.raises(UserError, match=why):
            trained(TEMPLATES[name], reasons)
        return
    text = trained(TEMPLATES[name], reasons)
    assert [text.count(f"SAID{n}.") for n in range(4)] == [1] * 4
    assert max(text.count(f"THOUGHT{n}.") for n in range(4)) <= 1
    assert "HEARD" not in text


@pytest.mark.parametrize("name", ["phi3", "phi3_training", "lfm2_training"])
def test_without_tool_calls_such_a_template_will_do(name) -> None:
    tokenizer = copy.copy(TOKENIZER)
    tokenizer.chat_template = TEMPLATES[name]
    said = [{"role": "user", "content": "Hello?"}, {"role": "assistant", "content": "SAID."}]
    (sequence,) = sequences_from_messages(said, None, tokenizer)
    assert "SAID." in tokenizer.decode([m for m in sequence.masks if m != MASKED])


def test_a_template_that_wants_arguments_as_text_gets_them() -> None:
    template = (
        "{% for m in messages %}{% if m.content %}[{{ m.role }}]{{ m.content }}{% endif %}"
        "{% for c in m.tool_calls or [] %}[call]{{ c.function.name + c.function.arguments }}"
        "{% endfor %}\n{% endfor %}{% if add_generation_prompt %}{% endif %}"
    )
    assert 'act{"command": "SAID1."}' in trained(template, False)
