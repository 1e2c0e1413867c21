"""An OpenAI-compatible endpoint on loopback whose two handlers a test writes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import (
    AbstractAsyncContextManager,
    asynccontextmanager,
)

import pytest
from aiohttp import web

from environments.tasks.model import (
    Answered,
    Evidence,
    Family,
    Goal,
    Inscribed,
    Search,
    Stage,
    Step,
    Task,
    Unchanged,
)
from world_fixtures.facts import Arranged
from world_fixtures.spec import WorldSpec

Handler = Callable[[web.Request], Awaitable[web.Response]]
Serving = Callable[[Handler, Handler], AbstractAsyncContextManager[str]]


@asynccontextmanager
async def _serving(models: Handler, complete: Handler) -> AsyncIterator[str]:
    app = web.Application()
    app.add_routes([web.get("/v1/models", models)])
    app.add_routes([web.post("/v1/chat/completions", complete)])
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
    await runner.cleanup()


@pytest.fixture(scope="session")
def serving() -> Serving:
    """`async with serving(models, complete) as url`."""
    return _serving


@pytest.fixture
def note(cottage: WorldSpec) -> Task:
    """Two stages: leave a note; come back and answer. Meanwhile the shaft was moved."""
    first = ("read letter", "write 1742 on wall")
    inscribed = Goal(name="a note", condition=Inscribed(entity="wall", text="1742"))
    answered = Answered(field="year", match="number", expected=("1742",))
    return Task(
        id="note", family=Family.PERSISTENCE, kind="note", difficulty=1, seed=0, spec=cottage,
        stages=(
            Stage(
                prompt="Write the year on the wall.",
                goals=(inscribed,),
                evidence=(Evidence(field="year", entity="letter", fact="year", value="1742"),),
                unchanged=Unchanged(free=("wall",)),
                walkthrough=(
                    *(Step(tool="command", command=c) for c in first), Step(tool="disconnect"),
                ),
            ),
            Stage(
                prompt="Which year?", before=(Arranged("shaft", "location", "hall"),),
                goals=(Goal(name="the year", condition=answered),),
                walkthrough=(
                    Step(tool="command", command="read wall"),
                    Step(tool="submit", answer={"year": 1742}),
                ),
            ),
        ),
        search=Search(mean=3, spread=0, runs=1, seed=0),
    )  # fmt: skip
