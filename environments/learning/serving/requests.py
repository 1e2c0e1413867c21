"""What clients of OpenAI's API and of vLLM may ask the model server for."""

from __future__ import annotations

from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from environments.refusal import Refusal

MAX_CHOICES = 128
Token = int


class Sampling(BaseModel):
    """How answers are drawn; fields that are not known are passed over."""

    model_config = ConfigDict(extra="ignore", strict=True)

    model: str | None = None
    n: int = Field(1, ge=1, le=MAX_CHOICES)
    max_tokens: int | None = Field(None, ge=1)
    max_completion_tokens: int | None = Field(None, ge=1)
    temperature: float | None = Field(None, ge=0, le=100)
    top_p: float | None = Field(None, gt=0, le=1)
    seed: int | None = Field(None, ge=-(2**63), lt=2**63)
    stop: str | list[str] | None = None
    stream: Literal[False] | None = None
    return_token_ids: bool | None = None

    @property
    def limit(self) -> int | None:
        """Tokens of an answer at most; None for what the context leaves."""
        return self.max_completion_tokens or self.max_tokens

    @property
    def stops(self) -> list[str]:
        """Texts that end an answer."""
        return [self.stop] if isinstance(self.stop, str) else [s for s in self.stop or () if s]


class CompletionRequest(Sampling):
    """`POST /v1/completions`: a prompt as text or as tokens."""

    prompt: str | list[Token]
    logprobs: int | bool | None = None


class ChatRequest(Sampling):
    """`POST /v1/chat/completions`: a conversation."""

    messages: list[dict[str, Any]] = Field(min_length=1)
    tools: list[dict[str, Any]] | None = None
    logprobs: bool | None = None


class WeightsRequest(BaseModel):
    """`POST /v1/weights`: a directory or a file of safetensors."""

    model_config = ConfigDict(extra="forbid", strict=True)

    path: str


R = TypeVar("R", bound=BaseModel)


def read_request(kind: type[R], raw: bytes) -> R:
    """Read a request's JSON. Raises Refusal that says in one line what is wrong with it."""
    try:
        return kind.model_validate_json(raw)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        place = ".".join(map(str, first["loc"]))
        raise Refusal(f"{place or 'the request'}: {first['msg']}", param=place or None) from None
