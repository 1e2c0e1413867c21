"""Hermes trajectories hold everything that was said and done, in Hermes's form."""

from __future__ import annotations

import json
import re

from environments.cli import main
from environments.export.hermes import hermes_lines, hermes_turns
from environments.rollouts.record import StopReason
from environments.tools.registry import toolsets_of


def bodies(tag: str, text: str) -> list[dict]:
    return [json.loads(b) for b in re.findall(rf"<{tag}>\n(.*?)\n</{tag}>", text, re.DOTALL)]


def test_a_line_holds_the_whole_conversation(rollouts):
    for rollout in rollouts:
        lines = hermes_lines(rollout, toolsets_of)
        assert len(lines) == len(rollout.conversations)
        said = [t["value"] for line in lines for t in line["conversations"] if t["from"] == "gpt"]
        assert len(said) == rollout.turns == sum(line["api_calls"] for line in lines)
        assert all(text.startswith("<think>\n") for text in said)
        calls = [c for text in said for c in bodies("tool_call", text)]
        assert [c["name"] for c in calls][: len(rollout.tool_calls)] == [
            c.name for c in rollout.tool_calls
        ]
        told = [t["value"] for line in lines for t in line["conversations"] if t["from"] == "tool"]
        answers = [r for text in told for r in bodies("tool_response", text)]
        assert [r["tool_call_id"] for r in answers][: len(rollout.tool_calls)] == [
            c.id for c in rollout.tool_calls
        ]
        assert sum(s["count"] for line in lines for s in line["tool_stats"].values()) == len(
            rollout.tool_calls
        )


def test_prompt_time_layers_are_left_out_and_tools_are_named(rollouts):
    system, human, *_ = hermes_lines(rollouts[0], toolsets_of)[0]["conversations"]
    assert system["from"] == "system"
    assert rollouts[0].conversations[0][0]["content"] not in system["value"]
    listed = json.loads(re.findall(r"<tools>\n(.*)\n</tools>", system["value"])[0])
    assert [t["name"] for t in listed] == [t["function"]["name"] for t in rollouts[0].tools]
    assert human == {"from": "human", "value": rollouts[0].conversations[0][1]["content"]}


def test_parallel_calls_and_their_results_stand_in_one_turn_each():
    call = {"type": "function", "function": {"name": "look", "arguments": '{"at": "sky"}'}}
    messages = [
        {"role": "user", "content": "Go."},
        {"role": "assistant", "content": "Both.", "reasoning_content": "Two at once.",
         "tool_calls": [{"id": "a", **call}, {"id": "b", **call}]},
        {"role": "tool", "tool_call_id": "a", "name": "look", "content": "Blue."},
        {"role": "tool", "tool_call_id": "b", "name": "look", "content": '{"error": "dark"}'},
        {"role": "assistant", "content": None,
         "tool_calls": [{"id": "c", "function": {"name": "look", "arguments": "{broken"}}]},
    ]  # fmt: skip
    turns = hermes_turns(messages, [])[1:]
    assert [t["from"] for t in turns] == ["human", "gpt", "tool", "gpt"]
    assert turns[1]["value"].startswith("<think>\nTwo at once.\n</think>\nBoth.\n<tool_call>\n")
    assert bodies("tool_call", turns[1]["value"]) == 2 * [
        {"name": "look", "arguments": {"at": "sky"}}
    ]
    assert [r["content"] for r in bodies("tool_response", turns[2]["value"])] == [
        "Blue.", {"error": "dark"},
    ]  # fmt: skip
    assert turns[3]["value"].startswith("<think>\n</think>\n<tool_call>")
    assert bodies("tool_call", turns[3]["value"])[0]["arguments"] == "{broken"


def test_raw_text_is_kept_as_it_was_written():
    raw = '<think>\nHm.\n</think>\n<tool_call>\n{"name": "look", "arguments": {}}\n</tool_call>'
    message = {"role": "assistant", "content": raw, "reasoning_content": "Hm."}
    assert hermes_turns([message], [])[1] == {"from": "gpt", "value": raw}


def test_completed_and_failed_go_to_separate_files(run, rollouts, tmp_path):
    assert main(["export", "hermes", str(run), "--out", str(tmp_path)]) == 0
    good, bad = (
        [json.loads(line) for line in (tmp_path / name).read_text().splitlines()]
        for name in ("trajectory_samples.jsonl", "failed_trajectories.jsonl")
    )
    assert good
    assert bad
    assert all(line["completed"] for line in good)
    assert all(line["partial"] and not line["completed"] for line in bad)
    ended = {StopReason.SUBMITTED, StopReason.FINISHED}
    assert {line["metadata"]["session_id"] for line in bad} == {
        r.id for r in rollouts if r.stop not in ended
    }
    assert {line["prompt_index"] for line in good + bad} == set(range(len(rollouts)))
    assert all(line["toolsets_used"] in (["evennia"], []) for line in good + bad)
    failed = rollouts[0].model_copy(
        update={"verdict": None, "stop": StopReason.WORLD, "failure": "it died"}
    )
    (line, *_) = hermes_lines(failed, toolsets_of)
    assert (line["completed"], line["partial"], line["failure"]) == (False, False, "it died")
