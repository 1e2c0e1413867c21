"""The tasks as a Gymnasium environment: importing this registers `EvenniaWorld-v0`.

env = gymnasium.make("environments.integrations.gymnasium:EvenniaWorld-v0", family="errand")

`environment.py` is the environment and `several.py` has several act at the same time; `actions.py`
says what an action's text means, `texts.py` has the spaces, `payments.py` shapes the reward, and
`sources.py` shares what makes the tasks.
"""

from environments.extras import needs

with needs("gymnasium"):
    import gymnasium

ID = "EvenniaWorld-v0"
"""What `gymnasium.make` is asked for."""

if ID not in gymnasium.registry:
    gymnasium.register(
        ID,
        entry_point=f"{__name__}.environment:EvenniaWorld",
        vector_entry_point=f"{__name__}.several:EvenniaWorlds",
    )
