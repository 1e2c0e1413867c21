"""Tools by toolset: what a model may call, and what carries it out.

A toolset is registered once, when its module is imported; looking tools up makes new
dicts, so groups that run at the same time share nothing they could change.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from world_fixtures.common import UserError

Handler = Callable[[dict[str, Any], str], Awaitable[str]]
"""`await handler(arguments, task_id)` -> the observation."""
Provider = Callable[[str], None]
"""Registers the toolset of a name. Raises UserError where it has none of that name."""


class Effect(StrEnum):
    """What a call can do to whatever lies behind the tool."""

    READ_ONLY = "read-only"
    REVERSIBLE = "reversible"
    DESTRUCTIVE = "destructive"
    OUTWARD = "outward"
    """Reaches outside the sandbox: network, messages, files of the host."""


@dataclass(frozen=True)
class Tool:
    """One function a model can call."""

    name: str
    description: str
    parameters: dict[str, Any]
    """JSON Schema of the arguments."""
    handler: Handler
    effect: Effect | Callable[[dict[str, Any]], Effect] = Effect.OUTWARD
    """Class of all calls, or a function of a call's arguments."""
    timeout: float = 120.0
    """Seconds."""
    forkable: bool = False
    """Whether all that its calls do is in the rollout's world, so that this can be forked."""

    @property
    def schema(self) -> dict[str, Any]:
        """The function's schema in OpenAI's form."""
        return {
            "type": "function",
            "function": {
                "name": self.name,
                "description": self.description,
                "parameters": self.parameters,
            },
        }

    def bind(self, world: Any) -> Tool:
        """Return the tool as it acts in one rollout's `world`; most tools need none."""
        return self


_TOOLSETS: dict[str, dict[str, Tool]] = {}
_PROVIDERS: list[Provider] = []
"""Asked in their order for a toolset that nobody has registered."""


def register(toolset: str, *tools: Tool) -> None:
    """Add tools to a toolset.

    A tool may be in several toolsets; a name means one tool in all of them. Raises UserError,
    and adds nothing, where it would mean two.
    """
    for tool in tools:
        for other, known in _TOOLSETS.items():
            if other != toolset and tool.name in known and known[tool.name].schema != tool.schema:
                raise UserError(
                    f"tool {tool.name!r} of {toolset!r} is another one in toolset {other!r}:"
                    " rename one of them"
                )
    _TOOLSETS.setdefault(toolset, {}).update({tool.name: tool for tool in tools})


def add_provider(provider: Provider) -> None:
    """Ask `provider` from now on for toolsets that are not registered."""
    _PROVIDERS.append(provider)


def known_toolsets() -> list[str]:
    """List the toolsets that `tools_of` finds without asking a provider, sorted."""
    return sorted(_TOOLSETS)


def tools_of(
    enabled: Sequence[str] | None, disabled: Sequence[str] | None = None
) -> dict[str, Tool]:
    """Collect the tools, by name, of the enabled toolsets (None: all known) less the disabled.

    Raises UserError for a toolset that does not exist.
    """
    names = known_toolsets() if enabled is None else list(enabled)
    found: dict[str, Tool] = {}
    for name in names:
        if name not in (disabled or ()):
            found |= _toolset(name)
    return found


def toolsets_of(tools: Collection[str]) -> list[str]:
    """List the known toolsets that have one of these tools, sorted by name."""
    return [name for name in known_toolsets() if not set(tools).isdisjoint(tools_of([name]))]


def find_tools(names: Iterable[str]) -> dict[str, Tool]:
    """Find the registered tools among `names`, whatever their toolset."""
    wanted = set(names)
    return {n: t for known in _TOOLSETS.values() for n, t in known.items() if n in wanted}


def check_forkable(tools: Iterable[Tool]) -> None:
    """Raise UserError where a rollout with these tools cannot be forked: one acts elsewhere."""
    for tool in tools:
        if not tool.forkable:
            raise UserError(_not_forkable(tool.name))


def forkable_tools(names: Sequence[str]) -> dict[str, Tool]:
    """Find the registered tools of these names. Raises UserError as `check_forkable`."""
    known = find_tools(names)
    found = {}
    for name in names:
        if name not in known:
            raise UserError(_not_forkable(name))
        found[name] = known[name]
    check_forkable(found.values())
    return found


def _not_forkable(name: str) -> str:
    of = "".join(f" of toolset {toolset!r}" for toolset in toolsets_of([name])[:1])
    return (
        f"a rollout with the tool {name!r}{of} cannot be forked, since what it does is not in the"
        " world: play with the toolset evennia alone"
    )


def _toolset(name: str) -> dict[str, Tool]:
    for provider in _PROVIDERS:
        if name not in _TOOLSETS:
            provider(name)
    if name not in _TOOLSETS:
        raise UserError(f"unknown toolset {name!r}: there are {', '.join(known_toolsets())}")
    return _TOOLSETS[name]
