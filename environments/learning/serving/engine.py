"""Generates for many conversations at once, and keeps what it computed for their next turns."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

import torch
from torch import Tensor

from environments.learning.serving.narrow import narrow
from environments.learning.serving.ragged import NAME, Part, Slot
from environments.learning.serving.sampling import draw, loops

logger = logging.getLogger(__name__)
WORTH_COPYING = 16
"""Tokens of a common beginning from which on it is taken over from another conversation."""
LOOK_FOR_LOOPS = 8
"""Tokens between two looks at whether an answer loops."""


@dataclass(frozen=True)
class Asked:
    """What is to be generated after a prompt."""

    prompt: tuple[int, ...]
    max_tokens: int
    temperature: float = 1.0
    top_p: float = 1.0
    seed: int | None = None
    ends: Callable[[list[int]], bool] | None = None
    """Told all tokens of the answer after each one; True ends it."""


class Answer(NamedTuple):
    """What was generated, with the token that ended it."""

    tokens: list[int]
    logprobs: list[float]
    """Of each token, as the model has it."""
    finish_reason: Literal["stop", "length"]
    weights: int
    """Number of the weights that generated it."""


@dataclass(eq=False)
class _Sequence:
    """One answer being generated."""

    asked: Asked
    future: Future[Answer]
    slot: Slot
    generator: torch.Generator
    pending: list[int]
    """Tokens whose keys and values are still to be computed."""
    tokens: list[int] = field(default_factory=list)
    logprobs: list[float] = field(default_factory=list)


class Engine:
    """A model and a thread that generates with it. `close` it in the end.

    The same requests give the same tokens but for rounding, which depends on what else is generated
    at the same time.
    """

    def __init__(
        self, model: Any, *, stop_tokens: frozenset[int], slots: int = 64, at_once: int = 32,
        prefill: int = 512, context: int = 4096, seed: int = 0,
    ) -> None:  # fmt: skip
        """Take a model, which from now on attends as `ragged` does.

        Args:
            model: a causal model of transformers on the CPU.
            stop_tokens: end an answer.
            slots: conversations whose keys and values are kept.
            at_once: answers that are generated at the same time, at most `slots`.
            prefill: tokens of prompts that are computed between two tokens of the others.
            context: tokens of a prompt and its answer at most.
            seed: of requests without one.
        """
        model.set_attn_implementation(NAME)
        narrow(model)
        self.context = context
        self.weights = 0
        """Number of times that the weights were replaced."""
        self.computed = 0
        """Tokens that went through the model."""
        self.reused = 0
        """Tokens of prompts that did not have to."""
        self._model = model.eval()
        self._stop_tokens = stop_tokens
        self._slots = [Slot() for _ in range(slots)]
        self._at_once = min(at_once, slots)
        self._prefill = prefill
        self._seed = seed
        self._numbers = 0
        self._inbox: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._waiting: list[tuple[Asked, Future[Answer]]] = []
        self._active: list[_Sequence] = []
        self._new_weights: list[tuple[Mapping[str, Tensor], Future[int]]] = []
        self._clock = 0
        self._closed = False
        self._thread = threading.Thread(target=self._serve, name="engine", daemon=True)
        self._thread.start()

    def generate(self, asked: Asked) -> Future[Answer]:
        """Begin to generate; `abandon` ends it early. Raises ValueError for what is too long."""
        if not asked.prompt:
            raise ValueError("the prompt is empty")
        if len(asked.prompt) >= self.context:
            raise ValueError(
                f"the prompt has {len(asked.prompt)} tokens, and the context {self.context}"
            )
        future: Future[Answer] = Future()
        self._inbox.put(lambda: self._waiting.append((asked, future)))
        return future

    def abandon(self, future: Future[Answer]) -> None:
        """Generate no more of an answer that nobody waits for."""
        if not future.cancel():
            self._inbox.put(lambda: self._drop(future))

    def replace_weights(self, weights: Mapping[str, Tensor]) -> Future[int]:
        """Put `weights` in the model's place once the answers that have begun are complete.

        The future has the number of the new weights, or a ValueError where a name, a shape or a
        number of them is not the model's: it then keeps those that it has.
        """
        future: Future[int] = Future()
        self._inbox.put(lambda: self._new_weights.append((weights, future)))
        return future

    def close(self) -> None:
        """End the thread; answers that are not complete are cancelled. May be called twice."""
        self._inbox.put(None)
        self._thread.join()

    def _serve(self) -> None:
        while not self._closed:
            self._take(block=not (self._active or self._waiting or self._new_weights))
            if self._new_weights and not self._active:
                self._load()
            if not self._new_weights:
                with torch.inference_mode():  # as what the slots hold was made
                    self._admit()
            if self._active:
                try:
                    with torch.inference_mode():
                        self._step()
                except Exception as error:  # of the model: who asked is told, others go on
                    logger.exception("generating failed")
                    self._fail(error)
        for _, future in self._waiting:
            future.cancel()
        for sequence in self._active:
            sequence.future.set_exception(RuntimeError("the engine was closed"))

    def _take(self, *, block: bool) -> None:
        """Take what came in; waits for something where there is nothing to do."""
        while block or not self._inbox.empty():
            wanted = self._inbox.get()
            if wanted is None:
                self._closed = True
                return
            wanted()
            block = False

    def _load(self) -> None:
        for weights, future in self._new_weights:
            try:
                own = self._model.state_dict()
                tied = set(own) - set(weights)
                if wrong := sorted(set(weights) - set(own)):
                    raise ValueError(f"the model has no weights {wrong[0]!r}")
                if lacking := sorted(n for n in tied if not self._is_tied(n, weights)):
                    raise ValueError(f"weights {lacking[0]!r} are missing")
                for name, tensor in weights.items():
                    if tensor.shape != own[name].shape:
                        raise ValueError(f"weights {name!r} have another shape than the model's")
                    if not bool(torch.isfinite(tensor).all()):
                        raise ValueError(f"weights {name!r} hold numbers that are not finite")
                with torch.no_grad():
                    for name, tensor in weights.items():
                        own[name].copy_(tensor)
                for slot in self._slots:
                    slot.clear()
                self.weights += 1
                future.set_result(self.weights)
            except ValueError as error:
                future.set_exception(error)
        self._new_weights.clear()

    def _is_tied(self, name: str, weights: Mapping[str, Tensor]) -> bool:
        """Tell whether weights are the same memory as others that are given."""
        own = self._model.state_dict()
        return any(own[n].data_ptr() == own[name].data_ptr() for n in weights if n in own)

    def _admit(self) -> None:
        while self._waiting and len(self._active) < self._at_once:
            asked, future = self._waiting.pop(0)
            if not future.set_running_or_notify_cancel():
                continue
            slot, known = self._slot_for(asked.prompt)
            self._clock += 1
            slot.used = self._clock
            self._numbers += 1
            generator = torch.Generator()
            given = asked.seed
            generator.manual_seed(hash((self._seed, self._numbers)) if given is None else given)
            self.reused += known
            self._active.append(
                _Sequence(asked, future, slot, generator, list(asked.prompt[known:]))
            )

    def _slot_for(self, prompt: tuple[int, ...]) -> tuple[Slot, int]:
        """Return a slot that nobody uses, and how many tokens of the prompt are computed in it."""
        busy = {id(sequence.slot) for sequence in self._active}
        most = len(prompt) - 1  # the last one is computed for what follows it
        shared = {id(slot): _common(slot.tokens, prompt, most) for slot in self._slots}
        best = max(self._slots, key=lambda slot: shared[id(slot)])
        known = shared[id(best)]
        free = [slot for slot in self._slots if id(slot) not in busy]
        if id(best) not in busy and known and known >= len(best.tokens) - 1:
            slot = best  # it goes on from there
        else:
            slot = min(free, key=lambda slot: slot.used)
            if slot is not best and known >= WORTH_COPYING:
                slot.take_over(best, known)
            elif slot is not best:
                known = 0
        slot.tokens = list(prompt[:known])
        return slot, known

    def _step(self) -> None:
        """Compute one token of each answer, and some of the prompts that are not complete."""
        row: list[int] = []
        places: list[int] = []
        parts: list[Part] = []
        taken: list[tuple[_Sequence, int]] = []
        left = self._prefill
        for sequence in self._active:
            count = len(sequence.pending)
            if count > 1:
                count = min(count, left)
                left -= count
            if not count:
                continue
            at = len(sequence.slot.tokens)
            parts.append(Part(sequence.slot, at, len(row), len(row) + count))
            row += sequence.pending[:count]
            places += range(at, at + count)
            taken.append((sequence, count))
        if not taken:
            return
        found = self._model(
            input_ids=torch.tensor([row]), position_ids=torch.tensor([places]), use_cache=False,
            parts=parts, logits_to_keep=torch.tensor([part.end - 1 for part in parts]),
        )  # fmt: skip
        self.computed += len(row)
        for (sequence, count), logits in zip(taken, found.logits[0], strict=True):
            sequence.slot.tokens += sequence.pending[:count]
            del sequence.pending[:count]
            if not sequence.pending:
                self._say(sequence, logits)
        self._active = [s for s in self._active if not s.future.done()]

    def _drop(self, future: Future[Answer]) -> None:
        self._active = [s for s in self._active if s.future is not future]

    def _say(self, sequence: _Sequence, logits: Tensor) -> None:
        """Draw the next token of an answer, and complete the answer where that ends it."""
        asked = sequence.asked
        token, logprob = draw(
            logits, temperature=asked.temperature, top_p=asked.top_p, generator=sequence.generator
        )
        sequence.tokens.append(token)
        sequence.logprobs.append(logprob)
        sequence.pending = [token]
        said = len(sequence.tokens)
        reason: Literal["stop", "length"] | None = None
        if token in self._stop_tokens or (asked.ends is not None and asked.ends(sequence.tokens)):
            reason = "stop"
        elif said >= min(asked.max_tokens, self.context - len(asked.prompt)) or (
            said % LOOK_FOR_LOOPS == 0 and loops(sequence.tokens)
        ):
            reason = "length"
        if reason is not None:
            answer = Answer(sequence.tokens, sequence.logprobs, reason, self.weights)
            sequence.future.set_result(answer)

    def _fail(self, error: Exception) -> None:
        for sequence in self._active:
            sequence.slot.clear()
            sequence.future.set_exception(error)
        self._active = []


def _common(one: list[int], other: tuple[int, ...], most: int) -> int:
    """Return the length of the common beginning, at most `most`."""
    count = min(len(one), most)
    if tuple(one[:count]) == other[:count]:
        return count
    return next(i for i in range(count) if one[i] != other[i])
