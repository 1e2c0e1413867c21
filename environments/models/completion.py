"""What a model said, read from a chat completion: the one place that decides whether it spoke.

An endpoint can answer 200 with something that the model never said: an error in place of a
message, a message that a filter has emptied, nothing at all. Such an answer is a failure of the
endpoint. A refusal, an empty text and an answer cut at the limit of tokens are the model's own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

NOT_PLAYED = frozenset(
    {
        "error",  # OpenRouter, Mistral, Cohere
        "content_filter",  # OpenAI, Azure
        "abort",  # vLLM, SGLang: the request was dropped
        "insufficient_system_resource",  # DeepSeek
        "network_error", "sensitive",  # Zhipu
        "safety", "recitation", "prohibited_content", "blocklist", "spii",  # Gemini
    }
)  # fmt: skip
"""Values of `finish_reason`, in small letters and with underscores, with which an endpoint says
that it failed or withheld what the model said."""
MAX_CALLS = 128
"""Tool calls of one answer that are carried out. A model that makes more is told so."""
MOST_TOKENS = 2**53
"""Counts of tokens beyond this are not believed."""


MOST_COST = 1e9
"""Costs of one answer beyond this are not believed, in US dollars."""


class EndpointError(Exception):
    """What an endpoint answered in place of a completion, in one line."""

    def __init__(
        self, message: str, status_code: int | None = None, retry_after: float | None = None
    ) -> None:
        super().__init__(" ".join(message.split()))
        self.status_code = status_code
        """HTTP status, where there was one."""
        self.retry_after = retry_after
        """Seconds after which it wants to be asked again, where it says so."""


@dataclass(frozen=True)
class Completion:
    """One answer of a model."""

    content: str
    """Text, or the model's refusal where that is all there is; empty without any."""
    tool_calls: Sequence[Any]
    """Objects or dicts in OpenAI's form, MAX_CALLS + 1 at most; what is in them is as the model
    wrote it."""
    reasoning: str | None
    finish_reason: str | None
    prompt_tokens: int
    completion_tokens: int
    cost: float | None = None
    """US dollars, where the endpoint says so (`usage.cost`, as OpenRouter)."""


def read_completion(answer: Any) -> Completion:
    """Read what the model said from a chat completion: a dict, or an object of any client.

    One that was read already has it as `said`. Raises EndpointError where the model said nothing
    that could be played.
    """
    said = getattr(answer, "said", None)
    if isinstance(said, Completion):
        return said
    try:
        whole = _Answer.model_validate(answer)
        _check_error(whole.error)
        if not whole.choices or member(whole.choices[0], "message") is None:
            _check_error(member(whole.choices[0], "error") if whole.choices else None)
            raise EndpointError("the answer has no choices with a message")
        choice = _Choice.model_validate(whole.choices[0])
    except ValidationError as error:
        raise EndpointError(f"the answer is no chat completion: {_where(error)}") from None
    _check_error(choice.error)
    if (choice.finish_reason or "").lower().replace("-", "_") in NOT_PLAYED:
        reason = (choice.finish_reason or "")[:40]
        raise EndpointError(f"the model's answer was withheld: finish_reason is {reason!r}")
    message = choice.message
    reasoning = message.thoughts()
    calls = message.tool_calls or []
    text = message.text()
    if text is None and not calls and not reasoning and not choice.cut_off:
        raise EndpointError("the answer's message holds neither content nor tool calls")
    usage = whole.usage
    return Completion(
        content=text or "",
        tool_calls=calls,
        reasoning=reasoning,
        finish_reason=choice.finish_reason,
        prompt_tokens=_tokens(member(usage, "prompt_tokens")),
        completion_tokens=_tokens(member(usage, "completion_tokens")),
        cost=_cost(member(usage, "cost")),
    )


class _Loose(BaseModel):
    """Reads dicts and objects alike, and passes over what it does not know."""

    model_config = ConfigDict(from_attributes=True, extra="ignore")


class _Answer(_Loose):
    choices: list[Any] | None = None
    usage: Any = None
    error: Any = None


class _Part(_Loose):
    """A part of a message's content: text, a refusal, or something that is no text."""

    text: str | None = None
    refusal: str | None = None


class _Call(_Loose):
    """A tool call. What the model wrote into it is its own affair."""

    id: Any = None
    function: Any = None


class _Message(_Loose):
    role: Any = None
    content: str | list[_Part] | None = None
    refusal: str | None = None
    tool_calls: list[_Call] | None = None
    reasoning_content: Any = None
    reasoning: Any = None
    reasoning_details: Any = None

    @field_validator("tool_calls", mode="before")
    @classmethod
    def _cut(cls, calls: Any) -> Any:
        """Leave out calls beyond what is looked at: each costs time and memory."""
        return calls[: MAX_CALLS + 1] if isinstance(calls, list) else calls

    def text(self) -> str | None:
        """Return the content as one text, or the refusal; None without either."""
        if isinstance(self.content, list):
            said = "".join(part.text or part.refusal or "" for part in self.content)
        else:
            said = self.content or ""
        return said or self.refusal or (None if self.content is None else "")

    def thoughts(self) -> str | None:
        """Return the reasoning, wherever an endpoint puts it."""
        for value in (self.reasoning_content, self.reasoning, self.reasoning_details):
            if found := _text(value):
                return found
        return None


class _Choice(_Loose):
    message: _Message
    finish_reason: str | None = Field(default=None)
    error: Any = None

    @property
    def cut_off(self) -> bool:
        """Whether the limit of tokens was reached, perhaps by reasoning that is not shown."""
        return self.finish_reason == "length" and self.message.role == "assistant"


def _check_error(error: Any) -> None:
    """Raise EndpointError where an answer or a choice holds an error."""
    if not error:
        return
    code = member(error, "code")
    status = code if isinstance(code, int) and 400 <= code < 600 else None
    text = member(error, "message")
    text = text if isinstance(text, str) and text else str(error)
    raise EndpointError(text, status)


def _where(error: ValidationError) -> str:
    """Return the first problem of a validation in one line, without the value."""
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    place = ".".join(map(str, first["loc"])) or "it"
    return f"{place}: {first['msg']}"


def _text(value: Any) -> str:
    if isinstance(value, list):
        return "".join(_text(member(part, "text")) for part in value)
    return value if isinstance(value, str) else ""


def _tokens(value: Any) -> int:
    """Return a count of tokens; 0 for what is none."""
    whole = isinstance(value, int) or (isinstance(value, float) and value.is_integer())
    return int(value) if whole and 0 <= value < MOST_TOKENS else 0


def _cost(value: Any) -> float | None:
    """Return an amount of money; None for what is none."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if number and 0 <= value < MOST_COST else None


def member(thing: Any, name: str) -> Any:
    """Return a field of an object or a dict; None where it has none of that name."""
    return thing.get(name) if isinstance(thing, dict) else getattr(thing, name, None)
