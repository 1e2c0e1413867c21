"""The version of the rules under which tasks are made, played and judged.

It covers the rules of the worlds (what a command does and says), the kinds of tasks and the
verdict. Whatever changes one of them so that a recorded score or observation would come out
otherwise makes a new version. Results of different versions measure different things and are never
compared with each other.
"""

TASKS_VERSION = 2
FIRST_VERSION = 1
"""Of what was recorded before versions were."""
