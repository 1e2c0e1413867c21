"""This world for verifiers 0.4 (interface v1): taskset, harness and environment.

The distribution in `packages/verifiers` gives them the name by which `vf-eval evennia_world` finds
them; trainers that name a module can name this one.

config      options of tasks and harness
data        a task as verifiers hands it on and records it
scores      what a trace keeps of a rollout, and the numbers read from it
task        setup, judgement and rewards of one rollout
taskset     the tasks, made ahead of need
harness     plays a rollout with our own agent loop, one conversation a stage
intercepted the model, reached through the endpoint at which verifiers records what is said
play        the rollout as a coroutine in the loop of the world servers
env         the above with defaults that need no container
"""

from environments.integrations.verifiers.env import EvenniaWorldEnv
from environments.integrations.verifiers.harness import EvenniaWorldHarness
from environments.integrations.verifiers.taskset import EvenniaWorldTaskset

__all__ = ["EvenniaWorldTaskset", "EvenniaWorldHarness", "EvenniaWorldEnv"]
