"""One task being played in a world of its own, for any host: our loop, a trainer, a person.

    async with ServerPool(1) as pool:
        episode = await Episode.begin(pool, task)
        try:
            text = await episode.call("evennia_connect", {})
            ...                                   # until episode.stage_over
            if not episode.done:
                prompt = await episode.next_stage()   # a new conversation
            verdict = await episode.finish()
        finally:
            episode.close()

`SyncEpisode` is the same for programs without an event loop. `fork` gives a second episode in the
present state, and `resume` goes on from a turn of a recorded rollout.

Importing this package loads neither atroposlib nor Django: the world server is another process,
which may run in another interpreter (`ServerPool(python=...)`).
"""

from __future__ import annotations

from environments.episode.acting import acting_episode, acting_in
from environments.episode.blocking import SyncEpisode
from environments.episode.playing import Episode
from environments.episode.worlds import Worlds
from environments.tools.evennia import NotConnected
from world_fixtures.background import SyncPool

__all__ = [
    "Episode", "NotConnected", "SyncEpisode", "SyncPool", "Worlds", "acting_episode", "acting_in",
]  # fmt: skip
