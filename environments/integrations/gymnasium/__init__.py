"""The tasks as a Gymnasium environment: importing this registers `EvenniaWorld-v0`.

env = gymnasium.make("environments.integrations.gymnasium:EvenniaWorld-v0", family="errand")

`environment.py` is the environment and `several.py` has several act at the same time; `actions.py`
says what an action's text means, `texts.py` has the spaces, `payments.py` shapes the reward, and
`sources.py` shares what makes the tasks.
"""

from world_fixtures.common import UserError

try:
    import gymnasium
except ModuleNotFoundError as error:
    if error.name != "gymnasium":
        raise
    raise UserError(
        "Gymnasium is not installed: pip install './light[gymnasium]' in a clone of the project"
    ) from None

ID = "EvenniaWorld-v0"
"""What `gymnasium.make` is asked for."""

if ID not in gymnasium.registry:
    gymnasium.register(
        ID,
        entry_point=f"{__name__}.environment:EvenniaWorld",
        vector_entry_point=f"{__name__}.several:EvenniaWorlds",
    )
