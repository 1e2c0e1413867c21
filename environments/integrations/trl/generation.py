"""Conversations as tokens, generated turn by turn by a GRPOTrainer's own means."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from environments.extras import needs


@dataclass
class Conversation:
    """The tokens of one conversation; its lists have one entry a token of the completion."""

    prompt: list[int]
    completion: list[int] = field(default_factory=list)
    mask: list[int] = field(default_factory=list)
    """1 where the model sampled the token, 0 where a tool's result has it."""
    logprobs: list[float] | None = field(default_factory=list)
    """None where what generates tells none: they are computed in the end."""
    full: bool = False
    """Whether nothing more goes into it."""

    @property
    def sampled(self) -> bool:
        """Whether the model has said something."""
        return any(self.mask)


class Generation:
    """What a trainer generates with, and the tokens around it; for one batch of rollouts.

    Uses private parts of GRPOTrainer 1.16, so that vLLM, the transformers library and the chat
    templates that TRL knows work as they do with `environment_factory`.
    """

    def __init__(self, trainer: Any, tools: Sequence[Callable[..., str]]) -> None:
        """Prepare a trainer for tool calls, as it does itself where it has tools.

        Raises UserError where the extra is missing.
        """
        with needs("trl"):
            from trl import chat_template_utils  # loads for seconds
        self._trl = chat_template_utils
        self._trainer = trainer
        self._tools: list[Any] = list(tools)
        self._tokenizer = trainer._tokenizer
        if not (
            getattr(self._tokenizer, "response_template", None)
            or getattr(self._tokenizer, "response_schema", None)
        ):
            chat_template_utils.add_response_schema(trainer.processing_class)
        if trainer.chat_template is None and not (
            chat_template_utils.is_chat_template_prefix_preserving(trainer.processing_class)
        ):
            trainer.chat_template = chat_template_utils.get_training_chat_template(
                trainer.processing_class
            )
        self._room = trainer.max_completion_length
        self._context = trainer.model.config.max_position_embeddings

    def begin(self, messages: list[dict[str, Any]]) -> Conversation:
        """Begin a conversation with these messages."""
        trainer = self._trainer
        ids = trainer.processing_class.apply_chat_template(
            messages, tools=self._tools, chat_template=trainer.chat_template,
            add_generation_prompt=True, tokenize=True, return_dict=False,
            **trainer.chat_template_kwargs,
        )  # fmt: skip
        return Conversation(ids, full=len(ids) >= self._context)

    def turns(self, conversations: Sequence[Conversation]) -> list[list[tuple[str, Any]]]:
        """Have the model say its next turn in each conversation; return the calls of each."""
        prompts = [c.prompt + c.completion for c in conversations]
        said, logprobs = self._trainer._generate_single_turn(prompts, None, {}, 1)
        calls = []
        for number, (conversation, prefix) in enumerate(zip(conversations, prompts, strict=True)):
            ids = said[number][: self._room - len(conversation.completion)]
            conversation.completion += ids
            conversation.mask += [1] * len(ids)
            if logprobs is None:
                conversation.logprobs = None
            elif conversation.logprobs is not None:
                conversation.logprobs += logprobs[number][: len(ids)]
            calls.append(self._calls(ids, prefix))
        return calls

    def told(self, conversation: Conversation, names: list[str], results: list[str]) -> None:
        """Append the results of the last turn's calls; full where they do not fit."""
        messages = [
            {"role": "tool", "name": name, "content": result}
            for name, result in zip(names, results, strict=True)
        ]
        ids = self._trainer._get_tool_suffix_ids(messages)
        length = len(conversation.completion) + len(ids)
        if length >= self._room or len(conversation.prompt) + length >= self._context:
            conversation.full = True
            return
        conversation.completion += ids
        conversation.mask += [0] * len(ids)
        if conversation.logprobs is not None:
            conversation.logprobs += [0.0] * len(ids)

    def result(self, conversations: Sequence[Conversation]) -> dict[str, Any]:
        """Return the conversations as `rollout_func` must."""
        end = self._tokenizer.eos_token_id
        for conversation in conversations:
            if not conversation.completion:  # TRL cannot have an empty one
                conversation.completion, conversation.mask, conversation.logprobs = (
                    [end],
                    [0],
                    [0.0],
                )
        if any(c.logprobs is None for c in conversations):
            logprobs = self._computed(conversations)
        else:
            logprobs = [list(c.logprobs or ()) for c in conversations]
        return {
            "prompt_ids": [c.prompt for c in conversations],
            "completion_ids": [c.completion for c in conversations],
            "env_mask": [c.mask for c in conversations],
            "logprobs": logprobs,
        }

    def _calls(self, ids: list[int], prefix: list[int]) -> list[tuple[str, Any]]:
        try:
            said = self._trl.parse_response(self._tokenizer, ids, prefix=prefix, tools=self._tools)
        except RecursionError:  # TRL takes what else cannot be parsed for text
            return []
        functions = [call["function"] for call in said.get("tool_calls") or ()]
        return [(function["name"], function["arguments"]) for function in functions]

    def _computed(self, conversations: Sequence[Conversation]) -> list[list[float]]:
        """Compute the log-probabilities with the model that has just sampled the tokens."""
        import torch  # loads for seconds, and the trainer has loaded it

        trainer = self._trainer
        before = max(len(c.prompt) for c in conversations)
        after = max(len(c.completion) for c in conversations)
        ids = torch.full((len(conversations), before + after), self._tokenizer.pad_token_id)
        attention = torch.zeros_like(ids)
        for row, conversation in enumerate(conversations):
            start, stop = before - len(conversation.prompt), before + len(conversation.completion)
            ids[row, start:stop] = torch.tensor(conversation.prompt + conversation.completion)
            attention[row, start:stop] = 1
        device = trainer.accelerator.device
        with torch.no_grad():
            found = trainer._get_per_token_logps_and_entropies(
                trainer.model, ids.to(device), attention.to(device), after,
                batch_size=trainer.args.per_device_train_batch_size,
            )[0]  # fmt: skip
        masks = [c.mask for c in conversations]
        return [
            [p if sampled else 0.0 for p, sampled in zip(row, mask, strict=False)]
            for row, mask in zip(found.tolist(), masks, strict=True)
        ]
