"""The published JSON Schema: `python -m environments.telemetry.schema` writes it anew."""

from __future__ import annotations

import json
from pathlib import Path

from environments.rollouts.files import write_file
from environments.telemetry.trace import json_schema

PATH = Path(__file__).with_name("schema.json")


def schema_text() -> str:
    """Return what `schema.json` must hold."""
    return json.dumps(json_schema(), indent=1, sort_keys=True) + "\n"


if __name__ == "__main__":
    write_file(PATH, schema_text())
    print(PATH)
