"""The tasks, made in a process beside before they are asked for."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

import verifiers.v1 as vf

from environments.hosting.source import TaskSource
from environments.integrations.verifiers.config import EvenniaWorldConfig
from environments.integrations.verifiers.data import EvenniaWorldData
from environments.integrations.verifiers.task import EvenniaWorldTask


class EvenniaWorldTaskset(vf.Taskset[EvenniaWorldTask, EvenniaWorldConfig]):
    """Tasks of a suite, or made by seed without end unless `limit` ends them."""

    def __init__(self, config: EvenniaWorldConfig) -> None:
        """Take the choice of tasks; nothing is made before they are iterated."""
        super().__init__(config)
        self.INFINITE = config.suite is None and config.limit is None

    def load(self) -> Iterator[EvenniaWorldTask]:
        """Yield the tasks in their order. Raises UserError for a choice that leaves none."""
        with TaskSource(self.config.choice) as source:
            for index in count() if source.size is None else range(source.size):
                data = EvenniaWorldData.of(source.task(index))
                yield EvenniaWorldTask(data, self.config.task)
