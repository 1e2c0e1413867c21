"""Tasks for players from outside: a trainer, a person at a page, or another program's agent.

They choose each tool call themselves, where a model of ours is asked for it by the agent loop. What
they play is judged and recorded as rollouts of any model are: `rollout.py` plays one task and
`blocking.py` does so without an event loop, `by_policy.py` has an embedded policy choose the calls.
`source.py` makes the tasks ahead of need, each once (`made.py`), `worlds.py` starts the world
servers that a program shares (`per_process.py`), `choice.py` finds tasks by id, and `tool_names.py`
says a tool's name as the player knows it. `sitting.py` plays the tasks of a suite one after the
other and keeps them as `evaluate` does: it alone loads what measures.
"""
