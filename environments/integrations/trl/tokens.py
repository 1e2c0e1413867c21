"""The shipped tokenizer as TRL wants one."""

from __future__ import annotations

from typing import Any

from environments.extras import needs
from environments.tokenizer import PATH


def shipped_tokenizer() -> Any:
    """Return the tokenizer that ships with the project, with what TRL reads tool calls by.

    For a model that is made from scratch; a model that exists has its own. Its template is not
    among those that TRL knows. Raises UserError where the extra is missing.
    """
    with needs("trl"):
        from transformers import AutoTokenizer  # loads for seconds, as TRL does
        from trl.chat_template_utils import qwen3_template
    tokenizer = AutoTokenizer.from_pretrained(PATH, padding_side="left")
    tokenizer.response_template = qwen3_template  # the same way to write calls and reasoning
    return tokenizer
