"""Payments for the potential of the world's state, step by step while a task is played."""

from __future__ import annotations

from environments.episode import Episode
from environments.tasks.credit.potential import potential
from environments.tasks.value import Position
from world_fixtures.common import UserError


class Payments:
    """What the steps of one episode are paid; see `environments.tasks.credit.potential`."""

    def __init__(self, episode: Episode, gamma: float) -> None:
        """Take an episode that was just begun, and the discount.

        Raises UserError for a world with time and people: what its states are worth is not known.
        """
        self._episode = episode
        self._gamma = gamma
        try:
            self._position = Position.start(episode.task)
        except UserError as error:
            raise UserError(
                f"{error}: leave shaping out, or name families of worlds that stand still, such as"
                " 'navigation,errand'"
            ) from None
        self._seen = 0
        self._before = potential(episode.task, self._position)

    def paid(self, over: bool) -> float:
        """Return what the step is paid that was just made; the potential of an end is 0."""
        episode = self._episode
        events = episode.events[self._seen :]
        self._seen += len(events)
        position = self._position
        for event in events:
            position = position.after(event)
        while position.stage < episode.stage:
            position = position.next_stage()
        if over:
            now = 0.0
        else:
            moved = position is not self._position
            now = potential(episode.task, position) if moved else self._before
        self._position, before, self._before = position, self._before, now
        return self._gamma * now - before
