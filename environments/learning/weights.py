"""Models in directories: read, and written so that a reader never sees half of one."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from world_fixtures.common import UserError


def load_model(path: Path) -> Any:
    """Return the causal model of a directory in 32 bits. Raises UserError where there is none."""
    from transformers import AutoModelForCausalLM

    try:
        return AutoModelForCausalLM.from_pretrained(
            path, local_files_only=True, use_safetensors=True, dtype=torch.float32
        )
    except (OSError, ValueError) as error:
        told = str(error).splitlines()[0]
        raise UserError(f"{path} holds no model that can be loaded: {told}") from None


def load_tokenizer(path: Path) -> Any:
    """Return the tokenizer of a directory. Raises UserError where there is none."""
    from transformers import AutoTokenizer

    try:
        return AutoTokenizer.from_pretrained(path, local_files_only=True)
    except (OSError, ValueError) as error:
        told = str(error).splitlines()[0]
        raise UserError(f"{path} holds no tokenizer: {told}") from None


def read_weights(path: Path) -> dict[str, Tensor]:
    """Return the weights in a file of safetensors, or in all those of a directory.

    Raises ValueError where there are none: no other format is read, since loading it may run code.
    """
    files = sorted(path.glob("*.safetensors")) if path.is_dir() else [path]
    if not files or not all(f.suffix == ".safetensors" and f.is_file() for f in files):
        raise ValueError(f"{path} is no file of safetensors, and no directory with one")
    found: dict[str, Tensor] = {}
    for file in files:
        try:
            with safe_open(file, framework="pt") as weights:
                found |= {name: weights.get_tensor(name) for name in weights.keys()}  # noqa: SIM118
        except SafetensorError as error:
            raise ValueError(f"{file.name} is no whole file of safetensors: {error}") from None
    return found


def freeze(model: Any, layers: int) -> None:
    """Exclude so many layers from the bottom from training, and with them the embeddings."""
    if not layers:
        return
    for part in (model.get_input_embeddings(), *model.model.layers[:layers]):
        part.requires_grad_(False)


def save(model: Any, tokenizer: Any, path: Path) -> None:
    """Write a model and its tokenizer to the directory `path`, in the place of what is there."""
    part = path.with_name(f"{path.name}.part")
    before = path.with_name(f"{path.name}.before")
    for left in (part, before):
        shutil.rmtree(left, ignore_errors=True)
    model.save_pretrained(part)
    tokenizer.save_pretrained(part)
    if path.exists():
        path.rename(before)
    part.rename(path)
    shutil.rmtree(before, ignore_errors=True)
