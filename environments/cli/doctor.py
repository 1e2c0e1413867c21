"""`evennia-world doctor`: does this machine have what the environment needs?

Every line is one thing that was tried, and what to do where it did not work. What is
optional and absent is fine and said so.
"""

from __future__ import annotations

import asyncio
import json
import os
import platform
import shutil
import sys
from collections.abc import Awaitable, Callable
from importlib import metadata
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import typer

from environments.cli.verb import new_verb
from environments.models.address import shown, without_key
from environments.models.http import ENCODINGS, MAX_ANSWER, MAX_ERROR, BodyError, read_body
from environments.modes.program import is_light
from world_fixtures.address import wanted
from world_fixtures.common import UserError, WorldError, WorldLost, printable
from world_fixtures.home import NEEDED, interpreter, versions, world_home
from world_fixtures.servers import ServerPool
from world_fixtures.spec import Character, Exit, Room, WorldSpec

MIN_FREE = 1 << 30
"""Bytes of disk: a server's scratch takes 2 MB, a run of 250 samples about 20 MB."""
ENDPOINT_TIMEOUT = 60.0
SHIPPED_TOKENIZER = Path(__file__).resolve().parents[1] / "tokenizer"


class Finding(NamedTuple):
    """What one check found."""

    ok: bool
    about: str
    """What was found, or what is wrong."""
    remedy: str = ""
    """What to do about it."""


app = new_verb()


@app.command()
def doctor(
    base_url: Annotated[
        str | None, typer.Option(help="an OpenAI-compatible endpoint to try, ending in /v1")
    ] = None,
    model_name: Annotated[
        str | None, typer.Option(help="the model to ask there (default: its first)")
    ] = None,
    api_key_env: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="environment variable that holds the key (default: OPENAI_API_KEY, or "
            "OPENROUTER_API_KEY for openrouter.ai)",
        ),
    ] = None,
    tokenizer: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="a tokenizer to load (default: the one that ships)"),
    ] = None,
) -> int:
    """Check whether this machine has what the environment needs.

    Every line is one thing that was tried, and what to do where it did not work. What is
    optional and absent is fine and said so. Exits with 1 where there is a problem.
    """
    checks: list[tuple[str, Callable[[], Finding | Awaitable[Finding]]]] = [
        ("python", check_python),
        ("evennia", check_evennia),
        ("disk", check_disk),
        ("world server", check_world),
        ("tokenizer", lambda: check_tokenizer(tokenizer)),
        ("wandb", check_wandb),
        (
            "endpoint",
            lambda: check_endpoint(base_url, model_name, _key(base_url, api_key_env)),
        ),
    ]
    if is_light():
        checks[-3:] = [("models", lambda: Finding(True, "none here: this is the light install"))]
    return asyncio.run(_examine(checks))


async def _examine(
    checks: list[tuple[str, Callable[[], Finding | Awaitable[Finding]]]],
) -> int:
    well = True
    for name, check in checks:
        found = check()
        finding = found if isinstance(found, Finding) else await found
        well = well and finding.ok
        mark = "ok     " if finding.ok else "PROBLEM"
        print(printable(f"{mark}  {name:<12}  {finding.about}"), flush=True)
        if not finding.ok:
            print(printable(f"{'':<23}remedy: {finding.remedy}"), flush=True)
    return 0 if well else 1


def _key(url: str | None, variable: str | None) -> str:
    usual = "OPENROUTER_API_KEY" if "openrouter.ai" in (url or "") else "OPENAI_API_KEY"
    return os.environ.get(variable or usual, "")


def check_python() -> Finding:
    """Look at the version of Python."""
    found = platform.python_version()
    if sys.version_info < (3, 11):  # noqa: UP036 - a checkout is run by whatever is there
        return Finding(False, f"{found} is too old", "install Python 3.11 or later")
    return Finding(True, f"{found} at {sys.executable}")


def check_evennia() -> Finding:
    """Look at the version of Evennia where world servers run, without importing it."""
    remedy = "pip install 'evennia>=5.0.1,<7' (6 and later need Python 3.12)"
    if where := wanted(None, None):
        return Finding(True, f"that of the world servers at {where}")
    python = interpreter()
    try:
        if python == sys.executable:
            found = metadata.version("evennia")
        else:
            found = versions(python)[NEEDED.index("evennia")]
    except metadata.PackageNotFoundError:
        return Finding(False, "not installed", remedy)
    except UserError as error:
        return Finding(False, str(error), remedy)
    release = tuple(int(part) for part in found.split(".")[:3] if part.isdigit())
    if not (5, 0, 1) <= release < (7,):
        return Finding(False, f"{found} is not supported", remedy)
    return Finding(True, found)


def check_disk() -> Finding:
    """Look whether the world servers' directory can be written and has room."""
    try:
        home = world_home()
    except UserError as error:
        return Finding(False, str(error), "set EVENNIA_WORLD_HOME to a directory you can write to")
    free = shutil.disk_usage(home).free
    about = f"{free / (1 << 30):.1f} GB free at {home}"
    remedy = "free at least 1 GB there, or set EVENNIA_WORLD_HOME to another disk"
    return Finding(free >= MIN_FREE, about, remedy)


async def check_world() -> Finding:
    """Start a server, walk one step in a world of two rooms, stop it."""
    spec = WorldSpec(
        name="surgery", title="The Surgery",
        rooms=(
            Room(id="hall", name="Hall", desc="A waiting hall."),
            Room(id="ward", name="Ward", desc="A quiet ward."),
        ),
        exits=(
            Exit(source="hall", direction="east", target="ward"),
            Exit(source="ward", direction="west", target="hall"),
        ),
        characters=(Character(id="agent", name="Patient", location="hall"),),
    )  # fmt: skip
    remedy = "run the tests of tests/world_fixtures; they show where it fails"
    started = asyncio.get_running_loop().time()
    try:
        async with ServerPool(servers=1) as pool:
            instance = await pool.acquire(spec)
            try:
                event = await (await instance.open()).command("east")
                place = (await instance.state()).location("agent")
            finally:
                pool.release(instance)
    except (WorldLost, WorldError, UserError, OSError) as error:
        return Finding(False, f"did not work: {error}", remedy)
    if place != "ward":
        return Finding(False, f"a step east did not move the agent: {event.text!r}", remedy)
    seconds = asyncio.get_running_loop().time() - started
    return Finding(True, f"started, walked and stopped in {seconds:.1f} s")


def check_tokenizer(name: str | None = None) -> Finding:
    """Load it and render a conversation with a tool call, as training data has them."""
    remedy = "check the name or path, and that it holds a chat template"
    if name is None:
        name, remedy = str(SHIPPED_TOKENIZER), "install the project again: its tokenizer is damaged"
    call = {"type": "function", "function": {"name": "evennia_observe", "arguments": "{}"}}
    chat: list[Any] = [
        {"role": "user", "content": "look"},
        {"role": "assistant", "content": "", "tool_calls": [call]},
    ]
    try:
        from transformers import AutoTokenizer

        tokenizer = AutoTokenizer.from_pretrained(name)
        text = tokenizer.apply_chat_template(chat, tokenize=False)
    except Exception as error:  # whatever a foreign tokenizer's files make it raise
        return Finding(False, f"{name}: {_first_line(error)}", remedy)
    shown = "the one that ships" if name == str(SHIPPED_TOKENIZER) else name
    if "evennia_observe" not in text:
        about = f"{shown}: its chat template leaves tool calls out, and so would training data"
        return Finding(False, about, "use a tokenizer whose chat template knows tool calls")
    return Finding(True, f"{shown}: {len(tokenizer)} tokens, its template renders tool calls")


def check_wandb() -> Finding:
    """Look whether wandb is there, and whether it would go online."""
    try:
        found = metadata.version("wandb")
    except metadata.PackageNotFoundError:
        return Finding(False, "not installed", "pip install wandb")
    mode = os.environ.get("WANDB_MODE", "")
    if mode in ("offline", "disabled", "dryrun"):
        return Finding(True, f"{found}, {mode} by WANDB_MODE")
    if os.environ.get("WANDB_API_KEY"):
        return Finding(True, f"{found}, online with WANDB_API_KEY")
    return Finding(True, f"{found}; off unless --env.use_wandb true (WANDB_MODE=offline: no login)")


async def check_endpoint(base_url: str | None, model: str | None, key: str) -> Finding:
    """Ask for one tool call: a rollout needs it to come back as one."""
    if base_url is None:
        return Finding(True, "none given: the embedded policies are used (--base-url tries one)")
    import httpx

    headers = {"Accept-Encoding": ", ".join(ENCODINGS)}
    if key:
        headers["Authorization"] = f"Bearer {key}"
    url = base_url.rstrip("/")
    async with httpx.AsyncClient(timeout=ENDPOINT_TIMEOUT, headers=headers) as client:
        try:
            models = await _models(client, url, key)
            model = model or next(iter(models), None)
            if model is None:
                return Finding(
                    False, f"{shown(url)}/models lists no model", "name one by --model-name"
                )
            response = await _asked(
                client, "POST", f"{url}/chat/completions", key, json=_question(model)
            )
        except TimeoutError:
            return Finding(
                False, f"{shown(url)}: no whole answer within {ENDPOINT_TIMEOUT:g} s",
                "find out why the endpoint is so slow, or try another model by --model-name",
            )  # fmt: skip
        except (httpx.HTTPError, httpx.InvalidURL, BodyError) as error:
            return Finding(
                False, f"{shown(url)}: {_first_line(without_key(str(error), key) or error)}",
                "start the endpoint, or correct --base-url (it ends in /v1)",
            )  # fmt: skip
    if response.status_code != 200:
        return Finding(
            False, f"{model}: HTTP {response.status_code} {response.text[:200]!r}",
            "401/403: put the key into the variable --api-key-env names; 404: correct "
            "--base-url or --model-name; 400: the server may have to allow tool calls",
        )  # fmt: skip
    return judge_answer(model, response, models.get(model))


async def _models(client: Any, url: str, key: str) -> dict[str, int | None]:
    """Models by name with their context length; empty where the endpoint has no such list."""
    response = await _asked(client, "GET", f"{url}/models", key)
    try:
        listed = response.json()["data"] if response.status_code == 200 else []
        return {
            entry["id"]: entry.get("max_model_len") or entry.get("context_length")
            for entry in listed
        }
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return {}


async def _asked(client: Any, method: str, url: str, key: str, **content: Any) -> Any:
    """Return the whole response to a request, of which no more is read than an answer may have.

    An API key that it repeats is hidden.

    Raises BodyError where it is larger.
    """
    import httpx

    async with (
        asyncio.timeout(ENDPOINT_TIMEOUT),  # the client's own is for each piece of an answer
        client.stream(method, url, **content) as answer,
    ):
        failed = answer.status_code >= 400
        packing = answer.headers.get("Content-Encoding")
        body = await read_body(
            answer.aiter_raw(), packing, MAX_ERROR if failed else MAX_ANSWER, cut=failed
        )
    text = without_key(body.decode(errors="replace"), key)
    return httpx.Response(answer.status_code, content=text.encode())


def _question(model: str) -> dict[str, Any]:
    parameters = {
        "type": "object",
        "properties": {"command": {"type": "string"}},
        "required": ["command"],
    }
    function = {
        "name": "evennia_command",
        "description": "Send one command to the world.",
        "parameters": parameters,
    }
    return {
        "model": model,
        "max_tokens": 1024,
        "temperature": 0,
        "messages": [{"role": "user", "content": "Call evennia_command with the command `look`."}],
        "tools": [{"type": "function", "function": function}],
    }


def judge_answer(model: str, response: Any, context: int | None) -> Finding:
    """Tell whether a chat completion holds a usable tool call, and what else it shows."""
    remedy = (
        "start the server with tool calls on (vLLM: --enable-auto-tool-choice "
        "--tool-call-parser NAME), or set --env.tool_call_parser to the model's format"
    )
    try:
        message = response.json()["choices"][0]["message"]
        calls = message.get("tool_calls") or []
        arguments = [json.loads(call["function"]["arguments"]) for call in calls]
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        return Finding(False, f"{model}: no usable answer ({_first_line(error)})", remedy)
    if not calls:
        said = str(message.get("content") or "")[:80]
        return Finding(False, f"{model}: answered {said!r} instead of calling the tool", remedy)
    if not isinstance(arguments[0], dict) or "command" not in arguments[0]:
        return Finding(
            False, f"{model}: called the tool without its argument: {str(arguments)[:200]}", remedy
        )
    thinks = any(message.get(k) for k in ("reasoning_content", "reasoning", "reasoning_details"))
    length = f"context {context} tokens" if context else "context length not reported"
    reasoning = "reasoning comes apart" if thinks else "no reasoning shown"
    return Finding(True, f"{model}: tool calls work, {reasoning}, {length}")


def _first_line(error: BaseException | str) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
