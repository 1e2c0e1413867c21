"""Training of a tokenizer on the project's own text: `python -m environments.tokenizer.train`.

The shipped vocabulary is frozen. Models that were trained with it depend on it, so it stays
byte for byte as it is although prompts and worlds have changed since; making it anew would
be a change of version. The same sources give the same bytes.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from pathlib import Path

from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers

from environments.rollouts.files import write_file
from environments.tokenizer import PATH
from environments.tools.registry import tools_of

ROOT = Path(PATH).parents[1]
VOCABULARY = 2048
SPECIAL = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")
"""Control tokens: they begin and end turns, and no other text becomes them."""
TAGS = (
    "<think>", "</think>", "<tools>", "</tools>",
    "<tool_call>", "</tool_call>", "<tool_response>", "</tool_response>",
)  # fmt: skip
"""One token each, but ordinary text: a model writes them and a parser reads them."""
REPEATS = 40
"""Copies of each text that every conversation contains."""
SOURCES = (
    "environments/*.py", "environments/models/*.py", "environments/modes/*.py",
    "environments/policies/**/*.py", "environments/rollouts/*.py", "environments/tasks/**/*.py",
    "environments/tokenization/*.py", "environments/tools/*.py",
    "environments/evaluation/candidate.py", "environments/telemetry/replay.py",
    "environments/integrations/mcp_server.py",
    "world_fixtures/*.py", "world_fixtures/rules/**/*.py",
    "world_fixtures/generator/**/*", "world_fixtures/library/**/*.yaml",
)  # fmt: skip
"""Files that hold the texts that a model reads and writes."""


def corpus(root: Path = ROOT) -> Iterator[str]:
    """Yield texts in a fixed order: messages and prompts of the code, worlds, tool schemas."""
    for pattern in SOURCES:
        for path in sorted(root.glob(pattern), key=lambda p: p.as_posix()):
            if path.suffix in (".py", ".yaml"):
                text = path.read_text(encoding="utf-8")
                yield from strings(text) if path.suffix == ".py" else [text]
    yield (Path(PATH) / "chat_template.jinja").read_text(encoding="utf-8")
    for tool in tools_of(["evennia"]).values():
        yield from [json.dumps(tool.schema)] * REPEATS
        call = {"name": tool.name, "arguments": dict.fromkeys(tool.parameters["properties"], "")}
        yield from [f"\n{json.dumps(call)}\n"] * REPEATS
    yield from ["system\n", "user\n", "assistant\n", "tool\n"] * REPEATS


def strings(source: str) -> Iterator[str]:
    """Yield the string constants of Python source that hold at least two words."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value:
            yield node.value


def train(texts: Iterator[str], vocabulary: int = VOCABULARY) -> Tokenizer:
    """Train a byte-level BPE of `vocabulary` tokens: every text round-trips in any language."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary - len(TAGS),
        min_frequency=3,
        special_tokens=list(SPECIAL),
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    tokenizer.add_tokens([AddedToken(tag, normalized=False, special=False) for tag in TAGS])
    return tokenizer


CONFIG = {
    "tokenizer_class": "PreTrainedTokenizerFast",
    "clean_up_tokenization_spaces": False,
    "eos_token": "<|im_end|>",
    "pad_token": "<|endoftext|>",
    "model_max_length": 131072,
}


def main() -> None:
    """Write tokenizer.json and tokenizer_config.json into the directory of this file."""
    tokenizer = train(corpus())
    write_file(Path(PATH) / "tokenizer.json", tokenizer.to_str() + "\n")
    config = json.dumps(CONFIG, indent=2) + "\n"
    write_file(Path(PATH) / "tokenizer_config.json", config)
    print(f"{tokenizer.get_vocab_size()} tokens in {PATH}")


if __name__ == "__main__":
    main()
