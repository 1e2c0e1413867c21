"""One case of the fault run, as `make test-all` has time for."""

from __future__ import annotations

import pytest

from benchmarks import faults

pytestmark = pytest.mark.slow


async def test_a_case_with_a_full_disk_ends_with_all_that_it_has_to():
    said: list[str] = []
    found = await faults.measure(True, said.append, seed=2, case=3)
    assert found["cases"] == 1
    assert found["faults"]["disk_full"] == 1
    assert not found["failures"], "\n".join(said)


async def test_two_at_once_lose_and_double_nothing():
    said: list[str] = []
    found = await faults.measure(True, said.append, seed=2, case=1)
    assert found["faults"]["two_at_once"] == 1
    assert found["faults_in_all"] >= 6
    assert not found["failures"], "\n".join(said)
