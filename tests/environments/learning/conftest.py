"""What trains needs PyTorch, which is an extra."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture(scope="session")
def toy() -> Any:
    """A causal model of three layers with shared heads, for a vocabulary of 100 tokens."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=100, hidden_size=48, intermediate_size=96, num_hidden_layers=3,
        num_attention_heads=6, num_key_value_heads=2, max_position_embeddings=512,
        tie_word_embeddings=True,
    )  # fmt: skip
    return LlamaForCausalLM(config).eval()


@pytest.fixture
def engine(toy: Any) -> Iterator[Any]:
    """An engine with a copy of the toy, for four answers at once."""
    from environments.learning.serving.engine import Engine

    made = Engine(
        copy.deepcopy(toy), stop_tokens=frozenset({7}), slots=6, at_once=4, prefill=16, context=200
    )
    yield made
    made.close()


@pytest.fixture(scope="session")
def small_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with a small untrained model and the shipped tokenizer."""
    import torch
    from transformers import AutoTokenizer, LlamaConfig, LlamaForCausalLM

    from environments.learning.weights import save
    from environments.tokenizer import PATH

    tokenizer = AutoTokenizer.from_pretrained(PATH)
    torch.manual_seed(1)
    config = LlamaConfig(
        vocab_size=len(tokenizer), hidden_size=64, intermediate_size=128, num_hidden_layers=2,
        num_attention_heads=4, num_key_value_heads=2, max_position_embeddings=4096,
        eos_token_id=tokenizer.eos_token_id, tie_word_embeddings=True,
    )  # fmt: skip
    directory = tmp_path_factory.mktemp("models") / "small"
    save(LlamaForCausalLM(config), tokenizer, directory)
    return directory
