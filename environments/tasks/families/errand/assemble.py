"""Put parts together and bring what they make to a place."""

from __future__ import annotations

from environments.tasks.families.common import (
    NO_ANSWER,
    BuildContext,
    Kind,
    Question,
    Script,
    TaskDraft,
    listed,
    with_things,
)
from environments.tasks.families.errand.places import cargo, lit_rooms, put_where, told_as
from environments.tasks.families.reading import LUCK, Reader, luck
from environments.tasks.families.references import Told, named
from environments.tasks.families.retelling import told_by_person, with_told
from environments.tasks.families.wandering import falls_to_walking, room_of
from environments.tasks.model import Ability, Did, Family, Goal, Located
from world_fixtures.spec import Recipe, Thing, WorldSpec

DRAWS = 10

BUNDLE = Thing(
    id="q_bundle", name="bundle", desc="Several things tied into one.", location=None,
)  # fmt: skip
"""What is made where the world has no recipe."""


class Assemble(Kind):
    """Asks for parts to be put together and the product to be brought to a room."""

    name = "assemble"
    family = Family.ERRAND
    abilities = frozenset({Ability.PROMPT, Ability.MAP, Ability.RESTRAINT})
    difficulty = (
        "2 parts up to 4, 3 from 5, 4 from 9; from 4 the room is told by a text, from 7 a part, too"
    )

    def choose(self, context: BuildContext) -> Question | None:
        """Draw a recipe of the world, or parts to tie together, and a room."""
        spec, rng, told = context.spec, context.rng, Told(context.spec)
        level = context.difficulty
        rooms = [(named(r, spec), r) for r in lit_rooms(spec)]
        if level >= 4:
            rooms = told_as(context, told, lit_rooms(spec))
        things = [t.id for t in cargo(context)]
        number = 2 + (level > 4) + (level > 8)
        if not rooms or len(things) < number:
            return None
        for _ in range(DRAWS):
            if spec.recipes and rng.random() < 0.5:
                recipe = rng.choice(spec.recipes)
                makes, parts = recipe.makes, list(recipe.parts)
            else:
                makes, parts = BUNDLE.id, rng.sample(things, number)
            names = [named(part, spec) for part in parts]
            n = rng.randrange(len(parts))
            made = told_by_person(context, told, parts[n], "maker") if level >= 7 else None
            names[n], additions = made or (names[n], [])
            where, room = rng.choice(rooms)
            question: Question = {
                "makes": makes, "parts": [list(n) for n in names],
                "room": list(where), "told": additions,
            }  # fmt: skip
            draft = self.plan(context, question)
            phases = [[[room_of(spec, part)] for part in parts], [[room]]]
            if luck(draft) <= LUCK and not falls_to_walking(
                self, context, question, phases, plan=draft.commands, acts=1
            ):
                return question
        return None

    def plan(self, context: BuildContext, question: Question) -> TaskDraft:
        """Read what tells the room and a part, bring the parts together and combine them."""
        spec = with_told(context.spec, question["told"])
        told, makes = Told(spec), question["makes"]
        meant = [told.follow(start, links) for start, links, _ in question["parts"]]
        parts = [m.entity for m in meant]
        start, links, phrase = question["room"]
        room, facts = told.follow(start, links)
        for m in meant:
            facts = (*facts, *m.facts)
        spec = _with_recipe(spec, makes, parts)
        product = spec.entities[makes]
        assert isinstance(product, Thing)
        script = Script(context.actor(spec), context)
        hint = " What else is meant is written in this world." if facts else ""
        script.begin(
            f"Combine {listed([p for *_, p in question['parts']])} into the {product.name}, and"
            f" put it {put_where(room, phrase, spec)}.{hint} {NO_ANSWER}"
        )
        Reader(context, script.actor, told).learn(facts)
        script.actor.combine(makes)
        script.actor.put(makes, room)
        script.actor.tidy()
        located = Located(entity=makes, place=room)
        script.end(
            goals=[
                Goal(name=f"the {product.name} is in its place", condition=located, weight=2),
                Goal(name=f"the {product.name} is made",
                     condition=Did(verb="combine", entity=makes), final=False),
            ],
            answer={},
        )  # fmt: skip
        return script.draft()


def _with_recipe(spec: WorldSpec, makes: str, parts: list[str]) -> WorldSpec:
    """Return the world in which these parts make the product."""
    if makes != BUNDLE.id:
        return spec
    recipes = [r for r in spec.recipes if r.makes != makes]
    new = with_things(spec, BUNDLE)
    return new.model_copy(update={"recipes": (*recipes, Recipe(parts=tuple(parts), makes=makes))})
