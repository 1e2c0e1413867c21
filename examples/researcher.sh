#!/usr/bin/env bash
# From nothing to rows that a trainer can take, in an empty directory and without a network:
# groups of rollouts by two embedded policies, then rows for SFT, DPO and KTO that train the model's
# words and not the world's. With a model of your own add to `process`
#   --openai.server_type vllm --openai.base_url http://127.0.0.1:9001/v1 --openai.model_name MODEL
set -euo pipefail
python="${PYTHON:-python3}"
tokenizer="${TOKENIZER:-$("$python" -c 'from environments.tokenizer import PATH; print(PATH)')}"

# 1. Groups: two tasks, two rollouts of each, by a policy that solves them and one that does not.
for policy in oracle loops_look; do
    evennia-world process --env.policy "$policy" --env.total_steps 2 --env.group_size 2 \
        --env.families '{inspection: 1}' --env.difficulty '[1, 1]' --env.world_servers 1 \
        --env.data_path_to_save_groups "groups/$policy.jsonl"
done

# 2. Rows. Both files have the same tasks, so that pairs are found across them.
evennia-world export sft groups/oracle.jsonl --tokenizer "$tokenizer" --out rows
evennia-world export dpo groups/oracle.jsonl groups/loops_look.jsonl --by turn --out rows
evennia-world export kto groups --by turn --tokenizer "$tokenizer" --out rows

# 3. What a trainer would learn of them.
"$python" - "$tokenizer" <<'PYTHON'
import json
import sys

from transformers import AutoTokenizer


def rows(name):
    with open(f"rows/{name}.jsonl", encoding="utf-8") as file:
        return [json.loads(line) for line in file]


tokenizer = AutoTokenizer.from_pretrained(sys.argv[1])
for row in rows("sft_tokens"):
    pairs = list(zip(row["input_ids"], row["assistant_masks"], strict=True))
    learned = tokenizer.decode([token for token, mask in pairs if mask])
    given = tokenizer.decode([token for token, mask in pairs if not mask])
    assert "evennia_submit" in learned and "tool_response" not in learned
    assert "tool_response" in given and pairs[-1][1] == 1
for row in rows("dpo"):
    assert [message["role"] for message in row["chosen"] + row["rejected"]] == ["assistant"] * 2
    assert row["chosen"] != row["rejected"]
labels = {row["label"] for row in rows("kto")}
assert labels == {True, False}, labels
numbers = {name: len(rows(name)) for name in ("sft_tokens", "dpo", "kto")}
print(f"rows that train the model's words alone: {numbers}")
PYTHON
