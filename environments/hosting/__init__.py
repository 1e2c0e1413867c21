"""Tasks for players from outside: a person at a page, or another program's agent.

They choose each tool call themselves, where a model of ours is asked for it by the agent loop. What
they play is judged and recorded as rollouts of any model are: `rollout.py` plays one task,
`sitting.py` the tasks of a suite one after the other, `choice.py` finds the tasks, and
`tool_names.py` says a tool's name as the player knows it.
"""
