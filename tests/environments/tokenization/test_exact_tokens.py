"""The trainer gets the tokens and log-probabilities that the model server gave, each once.

Real ManagedServer, real HTTP; the model is a script whose every token is known.
"""

from __future__ import annotations

import copy
import json
import sys
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import tenacity
from atroposlib.envs.server_handling.server_baseline import APIServer
from atroposlib.envs.server_handling.server_manager import APIServerConfig, ServerManager
from transformers import AutoTokenizer

from environments import compat
from environments.agent_loop import AgentLoop
from environments.models.chat import Chat
from environments.models.token_api import sample_from
from environments.models.turn_ends import ExactTokens, Prefix, TurnRecorder
from environments.rollouts.groups import ScoredRollout, scored_groups
from environments.rollouts.options import AgentOptions
from environments.rollouts.record import StopReason
from environments.tokenization.sequences import (
    MASKED,
    TrainingSequence,
    sequences_from_nodes,
)
from environments.tokenization.special_tokens import escape_special_tokens
from environments.tokenizer import PATH
from environments.tool_call_parsers import get_parser
from environments.tools import Effect, Tool, Toolbox

sys.path.insert(0, str(Path(__file__).parent))  # tests are no package
from scripted_vllm import Reply, ScriptedVllm, in_order, spelled

TOKENIZER: Any = AutoTokenizer.from_pretrained(PATH)
END = TOKENIZER.eos_token
PROMPT = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Go. ✨"}]


async def act(arguments: dict[str, Any], task_id: str) -> str:
    return f"You {arguments['command']}. <|im_end|> ünïcode 洞"


PARAMETERS = {"type": "object", "properties": {"command": {"type": "string"}}}
TOOLS = {"act": Tool("act", "Acts.", PARAMETERS, act, Effect.REVERSIBLE)}


def script(turns: int, calls: int, thinks: bool) -> list[Reply]:
    """Replies with `calls` tool calls each, and a last one without."""
    replies: list[Reply] = []
    start = 0
    for turn in range(turns):
        text = f"<think>\nTurn {turn}: höhle.\n</think>\n\n" if thinks else f"Turn {turn}."
        if turn < turns - 1:
            for call in range(calls):
                command = json.dumps({"command": f"step {turn}.{call}"})
                text += f'\n<tool_call>\n{{"name": "act",  "arguments": {command}}}\n</tool_call>'
        replies.append(spelled(text, TOKENIZER, start))
        start += len(replies[-1].tokens)
    return replies


async def play(
    server_type: str, replies: list[Reply], tokenizer: Any = TOKENIZER, **managed: Any
) -> tuple[list[TrainingSequence], list[list[int]], Any]:
    """Run the agent loop on the script, as the environment does."""
    exact, prompts, result = await record(server_type, replies, tokenizer, **managed)
    return sequences_from_nodes(exact.nodes, exact.turns), prompts, result


async def record(
    server_type: str,
    replies: list[Reply],
    tokenizer: Any = TOKENIZER,
    *,
    begun: Prefix | None = None,
    messages: Any = PROMPT,
    endpoint_kind: str = "patched",
    options: AgentOptions | None = None,
    **managed: Any,
) -> tuple[ExactTokens, list[list[int]], Any]:
    """The same, with the tokens as the server recorded them; `messages` may be a part played."""
    async with ScriptedVllm(in_order(replies), endpoint_kind) as endpoint:
        config = APIServerConfig(
            server_type=server_type, base_url=endpoint.url, model_name=PATH, tokenizer_name=PATH,
            api_key="x", health_check=False,
        )  # fmt: skip
        manager = ServerManager([config])
        manager.tool_parser = "hermes"
        sample_from(manager.servers)
        async with manager.managed_server(tokenizer=tokenizer, **managed) as server:
            escape = partial(escape_special_tokens, tokenizer=tokenizer)
            recorder = TurnRecorder(server, partial(compat.nodes_of, server))
            if begun is not None:
                recorder.first_turn = begun.turns + 1
                compat.begin_with(server, begun.text, begun.tokens)
            chat = Chat(
                recorder, get_parser("hermes"), escape=escape, end_tokens=(END,), replay_raw=True
            )
            loop = AgentLoop(chat, Toolbox(TOOLS, escape=escape), options or AgentOptions())
            result = await loop.converse(
                messages, max_turns=40, first_turn=1 if begun is None else begun.turns + 1
            )
            return recorder.exact(), endpoint.prompts, result


def produced(sequences: list[TrainingSequence]) -> list[tuple[int, float]]:
    """Trained tokens with their log-probabilities, in order."""
    return [
        (token, logprob)
        for s in sequences
        for token, mask, logprob in zip(s.tokens, s.masks, s.logprobs or [], strict=True)
        if mask != MASKED
    ]


def said(sequences: list[TrainingSequence]) -> dict[int, list[int]]:
    """The trained tokens of each turn."""
    found: dict[int, list[int]] = {}
    for s in sequences:
        for token, mask, turn in zip(s.tokens, s.masks, s.turns, strict=True):
            assert (turn > 0) == (mask != MASKED)
            if turn:
                found.setdefault(turn, []).append(token)
    return found


def given(replies: list[Reply]) -> list[tuple[int, float]]:
    return [pair for r in replies for pair in zip(r.tokens, r.logprobs, strict=True)]


KINDS = [("vllm", "patched"), ("sglang", "patched"), ("vllm", "vllm"), ("sglang", "sglang")]


@pytest.mark.filterwarnings("ignore:vLLM is not installed")
@pytest.mark.parametrize(("server_type", "kind"), KINDS)
@pytest.mark.parametrize("thinks", [False, True])
@pytest.mark.parametrize(("turns", "calls"), [(1, 0), (3, 1), (3, 3), (30, 1), (30, 2)])
async def test_the_trainer_receives_what_the_model_produced(
    server_type: str, kind: str, turns: int, calls: int, thinks: bool
) -> None:
    replies = script(turns, calls, thinks)
    sequences, prompts, result = await play(server_type, replies, endpoint_kind=kind)
    (sequence,) = sequences  # the template only appends: one node
    assert result.turns_used == turns
    assert len(result.tool_calls) == (turns - 1) * calls
    assert not result.tool_errors

    assert produced(sequences) == given(replies)
    assert said(sequences) == {n: reply.tokens for n, reply in enumerate(replies, start=1)}
    assert sequence.tokens == prompts[-1] + replies[-1].tokens
    for prompt, reply in zip(prompts, replies, strict=True):
        # Each turn stands in the data behind exactly the tokens that the model saw.
        end = len(prompt) + len(reply.tokens)
        assert sequence.tokens[:end] == prompt + reply.tokens
        assert sequence.masks[len(prompt) : end] == reply.tokens
        assert (sequence.logprobs or [])[len(prompt) : end] == reply.logprobs
    pairs = zip(sequence.logprobs or [], sequence.masks, strict=True)
    assert all(logprob == 1.0 for logprob, mask in pairs if mask == MASKED)

    # What stands there is the conversation as the template has it: no end token twice or
    # missing, and none that came from the world's text.
    text = TOKENIZER.apply_chat_template(
        result.messages, tools=[t.schema for t in TOOLS.values()], tokenize=False
    )
    assert TOKENIZER.decode(sequence.tokens) == text.rstrip("\n")
    assert sequence.tokens.count(TOKENIZER.eos_token_id) == len(result.messages)


@pytest.mark.filterwarnings("ignore:vLLM is not installed")
@pytest.mark.parametrize("server_type", ["vllm", "sglang"])
async def test_a_template_that_strips_reasoning_gives_all_its_nodes(server_type: str) -> None:
    tokenizer = copy.deepcopy(TOKENIZER)
    tokenizer.chat_template = tokenizer.chat_template.replace(
        "{{- message.content or '' }}", "{{- (message.content or '').split('</think>\\n\\n')[-1] }}"
    )
    replies = script(3, 1, thinks=True)
    sequences, prompts, _ = await play(server_type, replies, tokenizer, preserve_think_blocks=True)
    assert len(sequences) == 3
    assert said(sequences) == {n: reply.tokens for n, reply in enumerate(replies, start=1)}
    assert produced(sequences) == given(replies)
    assert [s.tokens for s in sequences] == [
        p + r.tokens for p, r in zip(prompts, replies, strict=True)
    ]
    layers = scored_groups([ScoredRollout(sequences, 0.5)], 1)
    tokens = [t for layer in layers for t in layer["tokens"]]
    logprobs = [p for layer in layers for p in layer["inference_logprobs"] or []]
    assert tokens == [s.tokens for s in sequences]
    assert logprobs == [s.logprobs for s in sequences]


@pytest.mark.filterwarnings("ignore:vLLM is not installed")
async def test_a_reply_that_was_cut_off_is_trained_without_an_end() -> None:
    cut = spelled("I was going to s", TOKENIZER, end=False, finish="length")
    (sequence,), prompts, _ = await play("vllm", [cut])
    assert sequence.tokens == prompts[0] + cut.tokens
    assert produced([sequence]) == given([cut])


@pytest.mark.filterwarnings("ignore:vLLM is not installed")
async def test_a_call_that_was_cut_off_is_answered_and_trained_as_it_was() -> None:
    broken = spelled('<tool_call>\n{"name": "act", "argum', TOKENIZER, end=False, finish="length")
    last = spelled("I give up.", TOKENIZER, 500)
    (sequence,), prompts, result = await play("vllm", [broken, last])
    assert "be brief" in result.tool_errors[0].error
    assert sequence.tokens == prompts[1] + last.tokens
    assert produced([sequence]) == given([broken, last])


@pytest.mark.filterwarnings("ignore:vLLM is not installed")
async def test_bytes_that_are_no_text_stay_the_tokens_they_are() -> None:
    """Half a character decodes to U+FFFD; tokenised again it would be another token."""
    half = TOKENIZER.encode("洞")[:1]
    text = '<tool_call>{"name": "act", "arguments": {"command": "x"}}</tool_call>'
    call = spelled(text, TOKENIZER)
    first = Reply(half + call.tokens, [-0.25, *call.logprobs])
    last = spelled("done", TOKENIZER, 500)
    sequences, _, result = await play("vllm", [first, last])
    assert len(result.tool_calls) == 1
    assert produced(sequences) == given([first, last])


def until(messages: list[Any], turn: int) -> list[Any]:
    """The messages before the model call that follows `turn` others."""
    places = [n for n, m in enumerate(messages) if m["role"] == "assistant"]
    return messages[: places[turn]]


@pytest.mark.filterwarnings("ignore:vLLM is not installed")
@pytest.mark.parametrize("server_type", ["vllm", "sglang"])
@pytest.mark.parametrize("turn", [1, 2, 3])
async def test_a_rollout_that_goes_on_from_another_has_its_tokens(
    server_type: str, turn: int
) -> None:
    """Tokenised again, the text of the earlier turns would be other tokens."""
    replies = script(5, 1, thinks=True)
    exact, prompts, result = await record(server_type, replies)
    others = [spelled("Otherwise.", TOKENIZER, 5000)]
    branch, asked, _ = await record(
        server_type, others, begun=exact.until(turn), messages=until(result.messages, turn)
    )
    assert asked == [prompts[turn]]
    (sequence,) = sequences_from_nodes(branch.nodes, branch.turns)
    assert sequence.tokens == prompts[turn] + others[0].tokens
    assert produced([sequence]) == given(others)
    assert said([sequence]) == {turn + 1: others[0].tokens}


@pytest.mark.filterwarnings("ignore:vLLM is not installed")
async def test_a_branch_of_a_branch_has_the_tokens_of_both() -> None:
    first = script(4, 1, thinks=False)
    exact, _, result = await record("vllm", first)
    second = script(3, 1, thinks=True)
    branch, asked, other = await record(
        "vllm", second, begun=exact.until(1), messages=until(result.messages, 1)
    )
    third = [spelled("The end.", TOKENIZER, 9000)]
    last, asked_last, _ = await record(
        "vllm", third, begun=branch.until(2), messages=until(other.messages, 2)
    )
    assert asked_last == [asked[1]]
    sequences = sequences_from_nodes(last.nodes, last.turns)
    assert said(sequences) == {3: third[0].tokens}


@pytest.mark.filterwarnings("ignore:vLLM is not installed")
async def test_an_answer_that_cannot_be_played_is_no_turn_and_is_not_trained(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("environments.models.asking.pause", lambda *waits: 0.0)
    first, last = script(2, 1, thinks=False)
    dropped = spelled("I was", TOKENIZER, 5000, end=False, finish="content_filter")
    sequences, _, result = await play("vllm", [first, dropped, last])
    assert result.turns_used == 2
    assert said(sequences) == {1: first.tokens, 2: last.tokens}
    assert produced(sequences) == given([first, last])


@pytest.mark.filterwarnings("ignore:vLLM is not installed")
@pytest.mark.parametrize(("server_type", "kind"), KINDS[2:])
async def test_a_limit_and_what_is_sent_along_reach_a_stock_server(
    server_type: str, kind: str
) -> None:
    options = AgentOptions(max_turn_tokens=20, extra_body={"top_p": 0.9})
    long = spelled("I think and think and think.", TOKENIZER)
    (sequence,), _, _ = await play(server_type, [long], endpoint_kind=kind, options=options)
    assert produced([sequence]) == given([long])[:20]


@pytest.mark.filterwarnings("ignore:vLLM is not installed")
@pytest.mark.parametrize(
    ("server_type", "kind", "options", "says"),
    [
        ("vllm", "old_vllm", AgentOptions(), "version 0.10.2"),
        ("sglang", "sglang", AgentOptions(extra_body={"topp": 0.9}), "topp"),
    ],
)
async def test_what_a_server_lacks_or_refuses_is_told(
    server_type: str, kind: str, options: AgentOptions, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asking: Any = APIServer._tokens_and_logprobs_comp  # tries three times, with pauses
    monkeypatch.setattr(asking.retry, "wait", tenacity.wait_none())
    replies = [spelled("Hello.", TOKENIZER) for _ in range(9)]
    _, _, result = await play(server_type, replies, endpoint_kind=kind, options=options)
    assert result.stop is StopReason.ENDPOINT
    assert says in result.failure


async def test_a_token_that_begins_a_text_is_sent_once() -> None:
    """Templates write it, and tokenising adds it once more."""
    async with ScriptedVllm(in_order([spelled("a", TOKENIZER)]), "vllm") as endpoint:
        config = APIServerConfig(
            server_type="vllm", base_url=endpoint.url, model_name=PATH, tokenizer_name=PATH,
            api_key="x", health_check=False,
        )  # fmt: skip
        (server,) = ServerManager([config]).servers
        sample_from([server])
        bos = TOKENIZER.eos_token_id
        server.tokenizer = SimpleNamespace(bos_token_id=bos)
        prompt, *_ = await server.tokens_and_logprobs_completion(input_ids=[bos, bos, 7], n=1)
        assert endpoint.prompts == [prompt] == [[bos, 7]]
