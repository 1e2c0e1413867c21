"""Two cases of the fault run, as `make test-all` has time for."""

from __future__ import annotations

import pytest

from benchmarks import faults

pytestmark = pytest.mark.slow


async def test_two_at_once_and_a_full_disk_lose_and_double_nothing():
    said: list[str] = []
    found = await faults.measure(True, said.append, seed=2, case=(1, 3))
    assert found["cases"] == 2
    assert found["faults"]["two_at_once"] == found["faults"]["disk_full"] == 1
    assert found["faults_in_all"] >= 12
    assert not found["failures"], "\n".join(said)
