"""`serve --replicas`: whatever ends an environment, another takes its place."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from environments.modes.replicas import Replicas
from environments.scaling.host import HostFailed

sys.path.append(str(Path(__file__).parent))  # replicas import it by the same name
from host_programs import Delivering, failing


async def test_a_replica_that_fails_or_dies_is_started_again(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("environments.modes.replicas.WAITS", (0.0,))
    await Replicas(Delivering(tmp_path), 1).serve()
    told = [line for line in capsys.readouterr().err.splitlines() if not line.startswith("serve:")]
    assert told[:2] == [
        "environment 1 of 1 failed (LookupError: no such group): again in 0 s",
        "environment 1 of 1 died: again in 0 s",
    ]
    assert told[2].startswith("served in all: 2 groups")


async def test_a_replica_that_cannot_begin_ends_all():
    with pytest.raises(HostFailed, match="no such world"):
        await Replicas(failing, 2).serve()
