"""`evennia-world model-server`: exact tokens of a Hugging Face model on the CPU."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from environments.cli.verb import new_verb
from environments.extras import needs

app = new_verb()


@app.command("model-server")
def serve_model(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="with a Hugging Face model")],
    port: Annotated[int, typer.Option(help="on loopback; 0 for a free one", min=0, max=65535)] = 0,
    url_file: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="write the address, which holds a secret, there"),
    ] = None,
    name: Annotated[str, typer.Option(help="of the model, for its clients")] = "model",
    chat_template: Annotated[
        str | None, typer.Option(metavar="FILE", help="in place of the tokenizer's own")
    ] = None,
    parser: Annotated[str, typer.Option(help="of tool calls in chat completions")] = "hermes",
    threads: Annotated[int, typer.Option(help="of PyTorch", min=1)] = 2,
    slots: Annotated[int, typer.Option(help="conversations that are kept", min=1)] = 64,
    at_once: Annotated[int, typer.Option(help="answers that are generated at once", min=1)] = 32,
    context: Annotated[int, typer.Option(help="tokens of a prompt and its answer", min=16)] = 4096,
    answer_tokens: Annotated[int, typer.Option(help="tokens of an answer at most", min=1)] = 512,
    seed: Annotated[int, typer.Option(help="of requests without one")] = 0,
) -> int:
    """Serve a model with exact tokens and log-probabilities, as vLLM does, on the CPU.

    Keeps what it has computed of each conversation for its next turn, ends answers that loop, and
    takes new weights without a restart (`POST /v1/weights`). For GPUs, take vLLM or SGLang.
    """
    with needs("train"):
        import torch  # noqa: F401
        import transformers  # noqa: F401
    from environments.learning.serving.program import serve_model as serve

    asyncio.run(
        serve(
            directory, name=name, port=port, parser=parser, chat_template=chat_template,
            threads=threads, slots=slots, at_once=at_once, context=context,
            answer_tokens=answer_tokens, seed=seed, url_file=url_file,
        )
    )  # fmt: skip
    return 0
