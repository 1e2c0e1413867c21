"""Which tokenizer makes the training data, and which chat template it has."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from world_fixtures.common import UserError

TEMPLATE_OPTION = "--env.chat_template"
SHIPPED = {
    name: Path(__file__).resolve().parents[1] / "tokenizer" / f"{name}.jinja"
    for name in ("compact", "pythonic")
}
"""Chat templates that are named without a path, for small models: ChatML in which a tool takes few
tokens. Calls are those of Hermes in `compact`, and of the parser `pythonic` in the other."""


def own_tokenizer(model: str, named: str = "none") -> str:
    """Return the name of a real model's own tokenizer, found on this machine.

    `named` is the tokenizer that the model's server is described with, `none` without one. Where
    there is none, the model's name itself is tried: a directory, or an id of the Hugging Face hub
    that was downloaded before. Nothing is downloaded. Raises UserError where there is none: tokens
    of another tokenizer would look trainable and not be.
    """
    name = model if named == "none" else named
    if not _is_here(name):
        raise UserError(
            f"no tokenizer of {name!r} is on this machine, and the shipped one is not that model's:"
            " name it with --env.tokenizer_name, a directory or an id of the Hugging Face hub"
        )
    return name


def use_template(tokenizer: Any, path: str) -> None:
    """Give the tokenizer the chat template of a Jinja file, or one of SHIPPED by its name.

    Raises UserError where the file cannot be read, or holds no template.
    """
    from jinja2 import TemplateError, TemplateSyntaxError
    from transformers.utils.chat_template_utils import render_jinja_template  # loads for seconds

    try:
        text = SHIPPED.get(path, Path(path)).read_text(encoding="utf-8")
    except OSError as error:
        raise UserError(
            f"cannot read {path} ({error.strerror}): correct {TEMPLATE_OPTION}"
        ) from error
    except UnicodeDecodeError:
        raise UserError(f"{path} is no text: {TEMPLATE_OPTION} is a Jinja file") from None
    try:
        render_jinja_template([[{"role": "user", "content": "a"}]], chat_template=text)
    except TemplateSyntaxError as error:
        raise UserError(
            f"{path} line {error.lineno} is no Jinja template: {error.message}"
        ) from None
    except (TemplateError, TypeError):
        pass  # it wants more of a conversation than this
    if "messages" not in text:
        raise UserError(f"{path} is no chat template: it never shows `messages`")
    tokenizer.chat_template = text


def _is_here(name: str) -> bool:
    """Tell whether transformers can load a tokenizer without asking anybody for it."""
    from transformers import AutoTokenizer  # loads for seconds

    try:
        AutoTokenizer.from_pretrained(name, local_files_only=True)
    except Exception:  # whatever a foreign directory makes it raise
        return False
    return True
