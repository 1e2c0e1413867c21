"""What every test of the agent loop has: tools, and no waiting between tries."""

from __future__ import annotations

import pytest

from environments.models import asking
from tests.environments.agent_loop.script import Tools


@pytest.fixture
def tools() -> Tools:
    return Tools()


@pytest.fixture(autouse=True)
def waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "FLOOR", 0.0)
