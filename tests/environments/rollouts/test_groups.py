"""Groups as the trainer gets them, and as the real rollout server passes them on."""

from __future__ import annotations

import math
from typing import Any

import httpx
import pytest
from atroposlib.api.server import app

from environments.rollouts.groups import ScoredRollout, fill_groups, scored_groups
from environments.tokenization.sequences import TrainingSequence

SIZE = 3
TRAINER = {
    "wandb_group": "t", "wandb_project": "t", "batch_size": 6, "max_token_len": 100,
    "checkpoint_dir": "", "save_checkpoint_interval": 0, "starting_step": 0, "num_steps": 9,
}  # fmt: skip
ENVIRONMENT = {"max_token_length": 100, "desired_name": "e", "weight": 1.0, "group_size": SIZE}


def sequence(token: int, logprob: float | None = -0.5, turn: int = 1) -> TrainingSequence:
    """A prompt token, which is masked, and two trained ones."""
    logprobs = None if logprob is None else [1.0, logprob, logprob]
    message = {"role": "assistant", "content": str(token)}
    return TrainingSequence(
        [0, token, token], [-100, token, token], logprobs, [message], [0, turn, turn + 1]
    )


def rollout(
    score: float, *tokens: int, logprob: float | None = -0.5, advantages: Any = None
) -> ScoredRollout:
    """A rollout with two turns in each sequence."""
    sequences = [sequence(t, logprob, 1 + 2 * n) for n, t in enumerate(tokens)]
    return ScoredRollout(sequences, score, {"task": "t"}, advantages=advantages)


def test_rollouts_of_one_sequence_make_one_group():
    (group,) = scored_groups([rollout(0.0, 1), rollout(0.5, 2), rollout(1.0, 3)], SIZE)
    assert group["scores"] == [0.0, 0.5, 1.0]
    assert group["tokens"] == [[0, 1, 1], [0, 2, 2], [0, 3, 3]]
    assert group["masks"][2] == [-100, 3, 3]
    assert group["inference_logprobs"] == [[1.0, -0.5, -0.5]] * 3
    assert [m[0]["content"] for m in group["messages"]] == ["1", "2", "3"]
    assert group["group_overrides"] == {}
    assert [about["task"] for about in group["overrides"]] == ["t"] * 3


def test_logprobs_are_null_where_one_sequence_has_none():
    (group,) = scored_groups([rollout(0.0, 1), rollout(1.0, 2, logprob=None)], 2)
    assert group["inference_logprobs"] is None


def test_sequences_that_know_only_tokens_get_the_rollouts_messages():
    messages = [{"role": "user", "content": "go"}]
    bare = ScoredRollout([TrainingSequence([1], [1], [-0.1])], 1.0, None, messages)
    (group,) = scored_groups([bare], 1)
    assert group["messages"] == [messages]


@pytest.mark.parametrize("score", [math.nan, math.inf])
def test_a_score_that_is_no_number_is_refused(score):
    with pytest.raises(ValueError, match="score"):
        scored_groups([rollout(score, 1)], 1)


def test_further_sequences_make_layers_with_the_scores_of_their_rollouts():
    layers = scored_groups([rollout(0.0, 1), rollout(0.5, 2, 22), rollout(1.0, 3, 33, 333)], SIZE)
    assert [layer["scores"] for layer in layers] == [[0.0, 0.5, 1.0], [0.5, 1.0], [1.0]]
    assert [layer["group_overrides"] for layer in layers] == [
        {}, {"group_size": 2}, {"group_size": 1},
    ]  # fmt: skip
    assert [about["rollout"] for about in layers[1]["overrides"]] == [1, 2]


def credited() -> list[ScoredRollout]:
    """Rollouts of one, two and three sequences; every turn has an advantage of its own."""
    return [
        rollout(0.0, 1, advantages={1: 1 / 3, 2: -0.1}),
        rollout(0.5, 2, 22, advantages={n: -n / 7 for n in range(1, 5)}),
        rollout(1.0, 3, 33, 333, advantages={n: n + 0.0625 for n in range(1, 7)}),
    ]


def test_advantages_are_those_of_the_turns_in_each_layer():
    layers = scored_groups(credited(), SIZE)
    assert layers[0]["advantages"] == [
        [0.0, 0.333333, -0.1], [0.0, -0.142857, -0.285714], [0.0, 1.0625, 2.0625],
    ]  # fmt: skip
    assert layers[1]["advantages"] == [[0.0, -0.428571, -0.571429], [0.0, 3.0625, 4.0625]]


def test_without_advantages_of_all_there_are_none():
    made = scored_groups([rollout(0.0, 1), rollout(1.0, 2, advantages={1: 0.5, 2: 0.5})], 2)
    assert [group["advantages"] for group in made] == [None]


def test_filled_rows_have_no_advantage():
    for layer in fill_groups(scored_groups(credited(), SIZE), SIZE):
        for tokens, mask, advantages in zip(
            layer["tokens"], layer["masks"], layer["advantages"] or [], strict=True
        ):
            assert len(tokens) == len(advantages)
            assert all((m == -100) == (a == 0.0) for m, a in zip(mask, advantages, strict=True))


def test_filled_layers_train_each_token_once_and_keep_every_score():
    layers = scored_groups([rollout(0.0, 1), rollout(0.5, 2, 22), rollout(1.0, 3, 33, 333)], SIZE)
    whole = fill_groups(layers, SIZE)
    assert [layer["scores"] for layer in whole] == [[0.0, 0.5, 1.0]] * 3
    trained = [t for layer in whole for mask in layer["masks"] for t in mask if t != -100]
    assert sorted(trained) == sorted(2 * [1, 2, 3, 22, 33, 333])
    for layer in whole:
        assert layer["group_overrides"] == {}
        for tokens, mask, logprobs, about in zip(
            layer["tokens"], layer["masks"], layer["inference_logprobs"] or [],
            layer["overrides"] or [], strict=True,
        ):  # fmt: skip
            assert len(tokens) == len(mask) == len(logprobs)
            gone = all(m == -100 for m in mask)
            assert gone == about.get("set_advantage_to_zero", False)
            assert not gone or logprobs == [1.0] * 3


def test_groups_of_other_makers_are_left_alone():
    foreign = {"tokens": [[1]], "overrides": None, "scores": [1.0]}
    assert fill_groups([foreign], 4) == [foreign]  # type: ignore[list-item]


async def registered(api: httpx.AsyncClient) -> int:
    """Register a trainer and an environment; the environment's id."""
    await api.post("/register", json=TRAINER)
    await api.get("/batch")
    return int((await api.post("/register-env", json=ENVIRONMENT)).json()["env_id"])


async def test_the_rollout_server_delivers_filled_layers_whole():
    """It keeps unequal groups back: that is why layers are filled."""
    layers = fill_groups(scored_groups(credited(), SIZE), SIZE)
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://api") as api:
        try:
            env_id = await registered(api)
            for _ in range(2):
                whole = [{**layer, "env_id": env_id} for layer in layers]
                sent = (await api.post("/scored_data_list", json=whole)).json()
                assert "buffered" not in sent
            batches = [(await api.get("/batch")).json()["batch"] for _ in range(4)]
        finally:
            await api.get("/reset_data")
    assert [[len(g["tokens"]) for g in b] for b in batches[:3]] == [[SIZE, SIZE]] * 3
    assert batches[3] is None
    arrived = [group["advantages"] for batch in batches[:3] for group in batch]
    assert sorted(arrived) == sorted(2 * [layer["advantages"] for layer in layers])
