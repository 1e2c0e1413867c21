"""The objective and its gradient, and the rows that it is taken over."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="the extra `train` is not installed")

from environments.learning.serving.engine import Asked, Engine  # noqa: E402
from environments.learning.sft import Conversation, Tuned, Tuning, tune  # noqa: E402
from environments.learning.training.batches import Row, rows_of  # noqa: E402
from environments.learning.training.learner import Learner  # noqa: E402
from environments.learning.training.loss import policy_gradient, token_logprobs  # noqa: E402
from environments.learning.weights import load_model, load_tokenizer  # noqa: E402
from environments.tokenization.choice import use_template  # noqa: E402
from world_fixtures.common import UserError  # noqa: E402


def test_the_gradient_is_that_of_reinforce_computed_by_hand() -> None:
    """Logits are the parameters: d log p(a) / d logit_k is 1[k = a] - p(k)."""
    logits = torch.tensor([[0.1, 0.7, -0.4], [1.0, 0.2, 0.0]], requires_grad=True)
    now = token_logprobs(logits, torch.tensor([1, 0]))
    policy_gradient(now, now.detach(), torch.tensor([2.0, -0.5])).total.backward()
    shares = torch.softmax(logits.detach(), -1)
    for place, (token, worth) in enumerate(((1, 2.0), (0, -0.5))):
        for k in range(3):
            by_hand = -worth * ((k == token) - float(shares[place, k]))
            assert float(logits.grad[place, k]) == pytest.approx(by_hand, abs=1e-6)


@pytest.mark.parametrize(
    ("ratio", "advantage", "moves"),
    [(1.2, 1.0, True), (1.3, 1.0, False), (1.3, -1.0, True), (0.7, -1.0, False), (0.7, 1.0, True)],
)
def test_a_ratio_out_of_bounds_has_no_gradient_that_leads_further_out(
    ratio: float, advantage: float, moves: bool
) -> None:
    now = torch.tensor([math.log(ratio)], requires_grad=True)
    loss = policy_gradient(now, torch.zeros(1), torch.tensor([advantage]))
    loss.total.backward()
    assert float(now.grad[0]) == pytest.approx(-advantage * ratio if moves else 0.0)
    assert loss.clipped == (not moves)


def group(**changed: Any) -> dict[str, Any]:
    made = {
        "tokens": [[1, 2, 3], [1, 2, 4]], "masks": [[-100, -100, 3], [-100, 2, 4]],
        "scores": [1.0, 0.0], "advantages": None,
        "inference_logprobs": [[1.0, 1.0, -0.5], [1.0, -0.2, -0.7]],
    }  # fmt: skip
    return made | changed


def test_scores_become_advantages_of_the_tokens_that_are_trained() -> None:
    batch = rows_of([group(), group(scores=[0.5, 0.5])])
    assert [row.advantages for row in batch.rows] == [[1.0] * 3, [-1.0] * 3, [0] * 3, [0] * 3]
    assert [row.trained for row in batch.rows[:2]] == [[False, False, True], [False, True, True]]
    assert (batch.scores, batch.equal) == ([0.5, 0.5], 1)
    assert rows_of([group()], scaled=False).rows[0].advantages == [0.5] * 3
    given = [[0, 0, 0.25], [0, 2.0, -1.0]]
    assert [row.advantages for row in rows_of([group(advantages=given)]).rows] == given


def test_a_group_without_log_probabilities_is_refused() -> None:
    with pytest.raises(UserError, match="exact tokens"):
        rows_of([group(inference_logprobs=None)])


def test_fresh_answers_have_the_ratio_1_and_a_step_makes_the_better_one_likelier(
    toy: Any, engine: Engine
) -> None:
    prompt = tuple(range(10, 30))
    answers = [engine.generate(Asked(prompt, 10, seed=n)).result(60) for n in (1, 2)]
    rows = []
    for answer, worth in zip(answers, (1.0, -1.0), strict=True):
        own, before = len(answer.tokens), len(prompt)
        rows.append(
            Row(
                [*prompt, *answer.tokens], [False] * before + [True] * own,
                [1.0] * before + answer.logprobs, [0.0] * before + [worth] * own,
            )
        )  # fmt: skip
    learner = Learner(copy.deepcopy(toy), rate=1e-3, warmup=1)
    first = learner.learn(rows)
    assert first is not None
    assert first.ratio == pytest.approx(1.0, abs=1e-4)
    assert first.difference < 1e-4
    assert first.clipped == 0
    assert first.gradient > 0
    again = learner.learn(rows)
    assert again is not None
    assert again.loss < first.loss
    assert learner.learn([Row([1, 2], [False, True], [1.0, -1.0], [0.0, 0.0])]) is None


def test_updates_are_steps_on_a_share_of_the_rows_each(toy: Any) -> None:
    def row(token: int, worth: float) -> Row:
        return Row([1, token, 3], [False, True, True], [1.0, -3.0, -4.0], [0.0, worth, worth])

    rows = [row(2, 1.0), row(4, 0.0), row(5, 1.0), row(6, 1.0), row(7, 1.0)]
    one, other = (Learner(copy.deepcopy(toy), rate=1e-2) for _ in range(2))
    report = one.learn(rows, updates=2)
    assert report is not None
    first = other.learn([rows[0], rows[3]])
    second = other.learn([rows[2], rows[4]])
    assert first is not None
    assert second is not None
    assert (report.rows, report.tokens, one.taken) == (4, 8, 2)
    assert report.loss == pytest.approx((first.loss + second.loss) / 2)
    assert report.difference == first.difference
    for name, weights in one.model.state_dict().items():
        assert torch.equal(weights, other.model.state_dict()[name])
    few = one.learn(rows[:1], updates=3)
    assert few is not None
    assert few.rows == 1


def test_what_is_not_trained_has_no_gradient(toy: Any) -> None:
    def gradients(advantages: list[float], logprobs: list[float]) -> list[Any]:
        learner = Learner(copy.deepcopy(toy), rate=0.0, norm=math.inf)
        learner.learn([Row([5, 6, 7, 8], [False, True, False, True], logprobs, advantages)])
        return [p.grad for p in learner.model.parameters()]

    one = gradients([9.0, 1.0, -5.0, 0.5], [1.0, -3.0, -80.0, -4.0])
    other = gradients([0.0, 1.0, 0.0, 0.5], [1.0, -3.0, 1.0, -4.0])
    assert all(torch.equal(a, b) for a, b in zip(one, other, strict=True))
    assert any(gradient.any() for gradient in one)


def test_frozen_layers_stay_and_a_checkpoint_goes_on(toy: Any) -> None:
    rows = [Row([1, 2, 3], [False, True, True], [1.0, -3.0, -4.0], [0.0, 1.0, 1.0])]
    learner = Learner(copy.deepcopy(toy), rate=1e-2, frozen=2)
    learner.learn(rows)
    old, new = toy.state_dict(), learner.model.state_dict()
    changed = {name for name in old if not torch.equal(old[name], new[name])}
    assert changed
    assert all(name.startswith(("model.layers.2.", "model.norm")) for name in changed)
    other = Learner(copy.deepcopy(learner.model), rate=1e-2, frozen=2)
    other.restore(copy.deepcopy(learner.state()))
    assert learner.learn(rows) is not None
    assert other.learn(rows) is not None
    for name, weights in learner.model.state_dict().items():
        assert torch.equal(weights, other.model.state_dict()[name])


@pytest.mark.parametrize("mistakes", [frozenset(), frozenset({0})])
def test_tuning_takes_the_loss_of_what_the_agent_says_alone_and_not_of_its_mistakes(
    small_model: Path, tmp_path: Path, mistakes: frozenset[int]
) -> None:
    told: list[str] = []
    conversations = [
        Conversation(
            [
                {"role": "user", "content": asked},
                {"role": "assistant", "content": "Yes."},
                {"role": "user", "content": "And then?"},
                {"role": "assistant", "content": answer},
            ],
            [],
            mistakes,
        )
        for asked, answer in (
            ("Go north.", "No."),
            ("A much longer question, to be padded.", "Go."),
        )
    ]
    tuning = Tuning(steps=1, batch=2, at_once=2, held_out=1, patience=None, rate=0.0)
    found = tune(
        small_model, conversations, tmp_path / "tuned", tuning, chat_template="pythonic",
        say=told.append,
    )  # fmt: skip
    assert found.losses[0] == pytest.approx(by_hand(small_model, conversations[0]), abs=1e-4)


def test_tuning_that_was_stopped_goes_on_after_its_last_checkpoint(
    small_model: Path, tmp_path: Path
) -> None:
    conversations = [
        Conversation(
            [{"role": "user", "content": f"To {n}."}, {"role": "assistant", "content": word}],
            [],
        )
        for n, word in enumerate(["No.", "Yes.", "Go.", "North.", "East."])
    ]  # fmt: skip
    tuning = Tuning(steps=6, batch=2, held_out=1, patience=None, measured=3, rate=1e-3)

    def tuned(name: str, say: Callable[[str], None]) -> Tuned:
        return tune(
            small_model, conversations, tmp_path / name, tuning, chat_template="pythonic", say=say
        )

    def stop(line: str) -> None:
        if line.startswith("step 6/6"):
            raise KeyboardInterrupt

    whole = tuned("whole", lambda line: None)
    with pytest.raises(KeyboardInterrupt):
        tuned("stopped", stop)
    assert not (tmp_path / "stopped").exists()
    told: list[str] = []
    again = tuned("stopped", told.append)
    assert told[0] == "goes on after step 4/6"
    assert (again.steps, again.losses) == (whole.steps, whole.losses)
    assert not list(tmp_path.glob("*.trl"))
    for name, weights in load_model(tmp_path / "whole").state_dict().items():
        assert torch.equal(weights, load_model(tmp_path / "stopped").state_dict()[name]), name


def by_hand(model: Path, conversation: Conversation) -> float:
    """Return the mean loss of the tokens that the agent says, from all logits."""
    tokenizer = load_tokenizer(model)
    use_template(tokenizer, "pythonic")
    text = tokenizer.apply_chat_template(
        conversation.messages, return_dict=True, return_assistant_tokens_mask=True
    )
    tokens = torch.tensor(text["input_ids"])
    own = torch.tensor(text["assistant_masks"]).bool()
    if conversation.mistakes:
        own[: text["assistant_masks"].index(0, text["assistant_masks"].index(1))] = False
    with torch.no_grad():
        logits = load_model(model)(input_ids=tokens[None]).logits[0]
    return -float(token_logprobs(logits[:-1], tokens[1:])[own[1:]].mean())
