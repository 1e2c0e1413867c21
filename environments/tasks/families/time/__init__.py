"""Time: being there at the hour, waiting for what takes its time, and being done before it is late.

Others live in these worlds and the clock goes on with every command. What a task needs can be had
at certain hours only, or after so many ticks.
"""

from __future__ import annotations

from environments.tasks.families.common import Kind
from environments.tasks.families.time.appointment import Appointment
from environments.tasks.families.time.deadlines import Deadlines
from environments.tasks.families.time.follow import Follow
from environments.tasks.families.time.hours import Hours
from environments.tasks.families.time.process import Processing

KINDS: tuple[Kind, ...] = (Appointment(), Hours(), Follow(), Processing(), Deadlines())
