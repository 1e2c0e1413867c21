"""JSON Schemas of the files that authors write, for their editors."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from types import ModuleType
from typing import Any, Literal, get_args

from environments.tasks import model
from environments.tasks.model import Task
from environments.tasks.suites import file
from environments.tasks.suites.authored import DEFAULTS
from environments.tasks.suites.file import Entry
from world_fixtures import living, spec
from world_fixtures.spec import WorldSpec

Form = Literal["world", "task", "suite"]
FORMS: tuple[Form, ...] = get_args(Form)
DIALECT = "https://json-schema.org/draft/2020-12/schema"
_REF = "#/$defs/{model}"
_WORLD = {"type": "string", "description": "A world of the library, or a file beside this one."}


def schema_of(form: Form) -> dict[str, Any]:
    """Return the JSON Schema of a world's, a task's or a suite's file."""
    made = {"world": _world, "task": _task, "suite": _suite}[form]()
    return {"$schema": DIALECT, "title": f"evennia-world: a {form}", **made}


def _world() -> dict[str, Any]:
    return _described(WorldSpec.model_json_schema())


def _task() -> dict[str, Any]:
    """Return the schema of a task made by hand: it names its world, and lines are steps."""
    made = _described(Task.model_json_schema())
    fields = {name: field for name, field in made["properties"].items() if name != "spec"}
    made["properties"] = {**fields, "world": _WORLD}
    optional = {"id", "spec", *DEFAULTS}
    made["required"] = ["world", *(name for name in made["required"] if name not in optional)]
    made["$defs"]["Stage"]["properties"]["walkthrough"]["items"] = {
        "anyOf": [
            {"type": "string", "description": "The line of a command, or `disconnect`."},
            {
                "type": "object",
                "properties": {"submit": {"type": ["object", "null"]}},
                "required": ["submit"],
                "additionalProperties": False,
                "description": "The answer that ends the last stage.",
            },
            {"$ref": _REF.format(model="Step")},
        ]
    }
    used = str(made)
    for name in list(made["$defs"]):  # those of the world, which stands elsewhere
        if f"$defs/{name}'" not in used:
            del made["$defs"][name]
    return made


def _suite() -> dict[str, Any]:
    entry = Entry.model_json_schema()
    seeds = entry["properties"]["seed"]
    entry["properties"] |= {
        "seed": {"anyOf": [{"type": "integer"}, seeds]},
        "world": _WORLD,
    }
    task = _task()
    definitions = entry.pop("$defs") | task.pop("$defs") | {"Entry": entry, "OwnTask": task}
    other = {
        "type": "object",
        "properties": {"task": {"type": "string", "description": "The file of a task."}},
        "required": ["task"],
        "additionalProperties": False,
    }
    refs = [{"$ref": _REF.format(model=name)} for name in ("Entry", "OwnTask")]
    entries = {"type": "array", "minItems": 1, "items": {"anyOf": [*refs, other]}}
    whole = {
        "type": "object",
        "properties": {
            "name": {"type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9._-]*$"},
            "version": {"type": "integer"},
            "hash": {"type": ["string", "null"], "description": "What its content must be."},
            "tasks": entries,
        },
        "required": ["name", "tasks"],
        "additionalProperties": False,
    }
    return {"anyOf": [whole, entries], "$defs": definitions}


def _described(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the schema with what the fields' docstrings say, which pydantic leaves out."""
    models = schema["$defs"] | {schema["title"]: schema}
    for module in (spec, living, model, file):
        for name, field, text in _field_docs(module):
            found = models.get(name, {}).get("properties", {}).get(field)
            if found is not None:
                found["description"] = text
    return schema


def _field_docs(module: ModuleType) -> Iterator[tuple[str, str, str]]:
    """Iterate over class, field and the string below the field."""
    for cls in ast.parse(inspect.getsource(module)).body:
        if isinstance(cls, ast.ClassDef):
            for field, below in zip(cls.body, cls.body[1:], strict=False):
                if (
                    isinstance(field, ast.AnnAssign)
                    and isinstance(field.target, ast.Name)
                    and isinstance(below, ast.Expr)
                    and isinstance(below.value, ast.Constant)
                ):
                    text = inspect.cleandoc(str(below.value.value))
                    yield cls.name, field.target.id, " ".join(text.split())
