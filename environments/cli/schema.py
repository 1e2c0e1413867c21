"""`evennia-world schema world|task|suite`."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from environments.cli.new import schema_text
from environments.cli.verb import new_verb
from environments.tasks.authoring import FORMS
from world_fixtures.common import UserError

app = new_verb()


@app.command()
def schema(form: Annotated[str, typer.Argument(metavar="|".join(FORMS))]) -> int:
    """Print the JSON Schema of a file, for an editor."""
    for known in FORMS:
        if form == known:
            sys.stdout.write(schema_text(known))
            return 0
    raise UserError(f"there is no schema of {form!r}: choose from {', '.join(FORMS)}")
