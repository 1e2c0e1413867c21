"""An instance in memory: the rules over a plain dict. For planners and for tests."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from world_fixtures.facts import Arranged
from world_fixtures.living import PASSES
from world_fixtures.protocol import Change
from world_fixtures.rules.act import perform
from world_fixtures.rules.outcome import Outcome, arranged
from world_fixtures.rules.passing import absence, consequences, take_time
from world_fixtures.rules.scene import Scene, SpecIndex
from world_fixtures.spec import WorldSpec
from world_fixtures.state import Fields, WorldState, initial_fields


class Simulation:
    """One instance of `spec`, with the same behaviour as a live one and no server.

    Without `views` the rooms that commands lead to are not described, which takes time.
    """

    def __init__(
        self, spec: WorldSpec, index: SpecIndex | None = None, *, views: bool = True
    ) -> None:
        self.spec = spec
        self.index = index or SpecIndex(spec)
        self._views = views
        self._fields: dict[str, Fields] = initial_fields(spec)
        self._contents: dict[str | None, list[str]] = {}
        for entity, fields in self._fields.items():
            if "location" in fields:
                self._contents.setdefault(fields["location"], []).append(entity)

    def copy(self) -> Simulation:
        """Return a second instance in the present state; neither changes the other."""
        other = object.__new__(Simulation)
        other.spec, other.index, other._views = self.spec, self.index, self._views
        other._fields = self.fields()
        other._contents = {place: held.copy() for place, held in self._contents.items()}
        return other

    def get(self, entity: str, field: str) -> Any:
        """Return the value of a field, None where the entity or field does not exist."""
        fields = self._fields.get(entity)
        return None if fields is None else fields.get(field)

    def contents(self, place: str) -> list[str]:
        """Return the ids of what is directly in a room, thing or character."""
        return self._contents.get(place) or []

    def view(self, actor: str | None = None) -> str:
        """Describe the actor's room as the actor sees it."""
        return Scene(self.index, self, actor or self.spec.agent.id).view()

    def act(self, command: str, actor: str | None = None) -> Outcome:
        """Carry out one command and return what came of it, changes made."""
        scene = Scene(self.index, self, actor or self.spec.agent.id)
        outcome = perform(scene, command)
        lives = self.spec.living is not None
        if lives:
            take_time(self.index, self, scene.actor, outcome)
        self._make(outcome)
        if outcome.view_after:
            if self._views:
                outcome.text = "\n".join(filter(None, (outcome.text, scene.view())))
            outcome.reveals += scene.seen()
        if lives:
            self._go_on(scene.actor, outcome)
        return outcome

    def _go_on(self, actor: str, outcome: Outcome) -> None:
        """Have happen what follows from an outcome that was made."""
        for happening in consequences(self.index, self, actor, outcome):
            self._make(happening.outcome)
            outcome.after.append(happening)

    def _make(self, outcome: Outcome) -> None:
        for change in outcome.changes:
            self._apply(change.entity, change.field, change.after)

    def arrange(self, changes: Iterable[Arranged]) -> Outcome:
        """Set fields by no character's command, in their order; then let time pass that passes."""
        made = []
        passing = 0
        for entity, field, value in changes:
            if field == PASSES:
                passing += value
                continue
            before = self.get(entity, field)
            self._apply(entity, field, list(value) if isinstance(value, list | tuple) else value)
            made.append(Change(entity=entity, field=field, before=before, after=value))
        outcome = arranged(made)
        if passing:
            later = absence(self.index, self, passing)
            outcome = arranged([*made, *later.changes])
            self._make(later)
            self._go_on("", outcome)
        return outcome

    def _apply(self, entity: str, field: str, value: Any) -> None:
        if field == "location":
            self._contents[self._fields[entity][field]].remove(entity)
            self._contents.setdefault(value, []).append(entity)
        self._fields[entity][field] = value

    def fields(self) -> dict[str, Fields]:
        """Copy the mutable fields of every entity."""
        return {entity: fields.copy() for entity, fields in self._fields.items()}

    @property
    def state(self) -> WorldState:
        """A snapshot, independent of what happens next."""
        return WorldState(
            spec_hash=self.spec.hash,
            entities={
                e: {k: list(v) if isinstance(v, list) else v for k, v in f.items()}
                for e, f in self._fields.items()
            },
        )
