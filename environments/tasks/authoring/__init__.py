"""What authors begin with: commented starts of a world, a task and a suite, and their schemas."""

from environments.tasks.authoring.schemas import FORMS, Form, schema_of
from environments.tasks.authoring.starts import new_suite, new_task, new_world

__all__ = ["FORMS", "Form", "new_suite", "new_task", "new_world", "schema_of"]
