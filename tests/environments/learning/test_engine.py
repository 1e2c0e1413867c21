"""The engine's tokens and log-probabilities are those of the model alone, whatever is around."""

from __future__ import annotations

from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="the extra `train` is not installed")

from environments.learning.serving.engine import Answer, Asked, Engine  # noqa: E402
from environments.learning.serving.sampling import draw, loops  # noqa: E402

PROMPTS = [tuple(range(8 + n, 8 + n + length)) for n, length in enumerate((5, 40, 17, 33, 60, 3))]


def off(model: Any, prompt: tuple[int, ...], answer: Answer) -> float:
    """Return the largest difference to the log-probabilities of one plain forward pass."""
    with torch.no_grad():
        logits = model(torch.tensor([[*prompt, *answer.tokens]])).logits[0].float()
    own = torch.log_softmax(logits, -1)
    first = len(prompt) - 1
    told = zip(answer.tokens, answer.logprobs, strict=True)
    return max(abs(float(own[first + n, token]) - p) for n, (token, p) in enumerate(told))


def test_answers_generated_together_are_those_of_plain_passes(toy: Any, engine: Engine) -> None:
    begun = [engine.generate(Asked(p, 20, seed=n)) for n, p in enumerate(PROMPTS)]
    answers = [future.result(60) for future in begun]
    assert max(off(toy, p, a) for p, a in zip(PROMPTS, answers, strict=True)) < 1e-5
    assert all(a.finish_reason == ("stop" if a.tokens[-1] == 7 else "length") for a in answers)


def test_a_next_turn_computes_only_what_is_new(toy: Any, engine: Engine) -> None:
    prompt = PROMPTS[4]
    first = engine.generate(Asked(prompt, 12, seed=1)).result(60)
    longer = (*prompt, *first.tokens, 9, 10, 11)
    before = engine.computed
    second = engine.generate(Asked(longer, 6, seed=2)).result(60)
    assert off(toy, longer, second) < 1e-5
    assert engine.computed - before <= 4 + len(second.tokens)
    beside = (*longer[:40], 50)  # shares a beginning, and leaves the other conversation as it is
    other = engine.generate(Asked(beside, 6, seed=2)).result(60)
    assert off(toy, beside, other) < 1e-5
    longest = (*longer, *second.tokens, 12)
    third = engine.generate(Asked(longest, 4, seed=3)).result(60)
    assert off(toy, longest, third) < 1e-5


def test_a_beginning_is_taken_over_into_a_slot_that_was_used(toy: Any, engine: Engine) -> None:
    for prompt in PROMPTS:  # as many as there are slots
        engine.generate(Asked(prompt, 3)).result(60)
    beginning = tuple(range(50, 90))
    for n in range(3):
        prompt = (*beginning, 10 + n)
        answer = engine.generate(Asked(prompt, 3, seed=n)).result(60)
        assert off(toy, prompt, answer) < 1e-5


def test_new_weights_are_used_for_all_of_a_conversation(toy: Any, engine: Engine) -> None:
    prompt = PROMPTS[1]
    engine.generate(Asked(prompt, 4, seed=0)).result(60)
    new = {n: w * 1.5 for n, w in toy.state_dict().items() if n != "lm_head.weight"}
    assert engine.replace_weights(new).result(60) == 1
    answer = engine.generate(Asked(prompt, 8, seed=0)).result(60)
    assert answer.weights == 1
    assert off(toy, prompt, answer) > 1e-3
    old = toy.state_dict()
    assert engine.replace_weights(old).result(60) == 2
    assert off(toy, prompt, engine.generate(Asked(prompt, 8, seed=0)).result(60)) < 1e-5


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda w: w | {"x": torch.ones(1)}, "no weights 'x'"),
        (lambda w: {n: t for n, t in w.items() if n != "model.norm.weight"}, "are missing"),
        (lambda w: w | {"model.norm.weight": torch.ones(3)}, "another shape"),
        (lambda w: w | {"model.norm.weight": torch.full((48,), torch.nan)}, "not finite"),
    ],
)
def test_wrong_weights_change_nothing(toy: Any, engine: Engine, change: Any, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        engine.replace_weights(change(dict(toy.state_dict()))).result(60)
    answer = engine.generate(Asked(PROMPTS[0], 5, seed=0)).result(60)
    assert answer.weights == 0
    assert off(toy, PROMPTS[0], answer) < 1e-5


def test_an_answer_that_nobody_waits_for_ends(engine: Engine) -> None:
    held = [engine.generate(Asked(PROMPTS[n], 150, ends=lambda _: False)) for n in range(4)]
    waiting = engine.generate(Asked(PROMPTS[4], 2))
    for future in held:
        engine.abandon(future)
    assert waiting.result(60).tokens


def test_what_is_too_long_is_refused(engine: Engine) -> None:
    with pytest.raises(ValueError, match="the context 200"):
        engine.generate(Asked(tuple([9] * 200), 1))
    answer = engine.generate(Asked(tuple([9] * 195), 50, temperature=0)).result(60)
    assert len(answer.tokens) <= 5


def test_drawing_follows_temperature_and_top_p() -> None:
    logits = torch.log(torch.tensor([0.5, 0.3, 0.15, 0.05]))
    made = torch.Generator().manual_seed(0)
    assert draw(logits, temperature=0, top_p=1, generator=made)[0] == 0
    drawn = [draw(logits, temperature=1, top_p=0.7, generator=made) for _ in range(200)]
    assert {token for token, _ in drawn} == {0, 1}
    assert dict(drawn)[1] == pytest.approx(-1.2039728, abs=1e-5)


def test_an_answer_that_loops_is_noticed() -> None:
    assert loops([1, 2, 3] * 16)
    assert loops([*range(100), *[5] * 48])
    assert not loops([*range(60)])
    assert not loops([1, 2, 3] * 15)
