"""The program `evennia-world model-server`."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

import torch

from environments.learning.serving.address_file import address_in, check_address_file
from environments.learning.serving.engine import Engine
from environments.learning.serving.server import ModelServer
from environments.learning.weights import load_model, load_tokenizer
from environments.tokenization.choice import use_template
from environments.tool_call_parsers.registry import get_parser


async def serve_model(
    directory: Path, *, name: str, port: int, parser: str, chat_template: str | None, threads: int,
    slots: int, at_once: int, context: int, answer_tokens: int, seed: int, url_file: Path | None,
) -> None:  # fmt: skip
    """Serve the model of a directory until SIGINT or SIGTERM.

    Its address, which holds the secret, is printed, or written to `url_file` for its owner alone.
    Raises UserError where the model cannot be loaded, or `url_file` is a file of something else.
    """
    if url_file is not None:
        check_address_file(url_file)  # before the model is loaded, which takes long
    torch.set_num_threads(threads)
    tokenizer = load_tokenizer(directory)
    if chat_template is not None:
        use_template(tokenizer, chat_template)
    reader = get_parser(parser, tokenizer)
    model = load_model(directory)
    context = min(context, getattr(model.config, "max_position_embeddings", context))
    engine = Engine(
        model, stop_tokens=_stop_tokens(model, tokenizer), slots=slots, at_once=at_once,
        context=context, seed=seed,
    )  # fmt: skip
    server = ModelServer(
        engine, tokenizer, name=name, parser=reader, port=port, answer_tokens=answer_tokens
    )
    ended = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    try:
        async with server:
            if url_file is None:
                print(f"{name} is served at {server.base_url}", flush=True)
                await ended.wait()
            else:
                with address_in(url_file, server.base_url):
                    print(f"{name} is served at the address in {url_file}", flush=True)
                    await ended.wait()
    finally:
        engine.close()


def _stop_tokens(model: object, tokenizer: object) -> frozenset[int]:
    """Return the tokens that end an answer, by the model's settings and the tokenizer's."""
    config = getattr(model, "generation_config", None)
    given = getattr(config, "eos_token_id", None)
    listed = given if isinstance(given, list) else [given]
    return frozenset(
        t for t in (*listed, getattr(tokenizer, "eos_token_id", None)) if t is not None
    )
