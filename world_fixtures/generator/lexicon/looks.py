"""How things look: sentences by material and by what they are for.

`{a}` is the thing's name with the indefinite article.
"""

from __future__ import annotations

SMALL = (
    "{a}[, as long as a hand|, made for a small hand|, no larger than a fist|, oddly light].",
    "{a}[, well made|, plainly made][, and much used|, and hardly used|].",
    "it is {a}[ of the old kind|, such as one buys at fairs|, one of a pair by the look of it].",
    "this is {a}[ that has seen some use| that somebody has taken care of| without its fellow].",
    "{a} that [fits the hand|has lain in the sun|has changed owners often|has come a long way].",
)
"""First sentences for what can be carried in one hand."""

LARGE = (
    "{a}[, too broad for most doors|, set close to the wall|, put where the light falls on it|].",
    "it is {a}[ that stands firm| on four uneven feet| that nobody has moved for years].",
    "{a}[, well made|, plainly made|][, and older than the house|, and none too clean|].",
    "here somebody has put {a}[, and left it| and kept it clean|, for good by the look of it|].",
)
"""First sentences for furniture."""

BOXES = (
    "{a}[ with a lid that sits tight|, bound at the corners|, deeper than it looks].",
    "it is {a}[ that smells of camphor| with a handle at each end| that is lined with paper].",
    "{a}[, made to be moved about|, made for a journey|, made to last]"
    "[, with a number on its underside|, with a scratched lid|].",
    "[a maker's label|a strip of paste|half a customs stamp] still sticks to what is {a}.",
)
"""First sentences for containers."""

PAPERS = (
    "{a}[, written in a small and even hand|, in brown ink|, in two hands|, written in a hurry].",
    "it is {a}[ that opens by itself at one place| that has been wet once| tied with a thread].",
    "{a}[, much read|, hardly read][, with a pressed flower in it|, with a burn in the corner|].",
    "somebody has kept {a} [flat under a weight|rolled up|in a pocket|away from the sun].",
)
"""First sentences for documents."""

MATTER = {
    "m": ("[A smith's stamp|A tiny crown|A number] is on its underside.", "It rings when knocked.",
          "The edge has been [filed|ground] smooth.", "It is cold and heavier than it looks.",
          "Somebody has scratched [initials|a tally|a fish] into it.",
          "[Solder|Wire] holds it together at one place."),
    "w": ("The grain runs [straight|in waves].", "It smells of [beeswax|resin|smoke].",
          "A knot in it looks like an eye.", "[Teeth|A knife] left marks on it.",
          "It has been glued [once|more than once].",
          "Somebody has burnt [a heart|two letters] into it."),
    "g": ("A bubble is caught in it.", "Held up, it turns the light [green|to rainbows].",
          "A hair-fine crack runs along one side.", "It is [spotless|clouded with breath].",
          "It sings when a wet finger goes round it.", "The rim is [ground|cut] flat."),
    "c": ("It smells of lavender.", "A seam has been sewn again with [red|black] thread.",
          "[Moths|Mice] have been at one corner.",
          "Somebody has stitched [initials|a bird] into the hem.",
          "It has been folded the same way for years.",
          "The colour is [truer|darker] inside the folds."),
    "l": ("It smells of [dubbin|horses].", "The stitching is by [a careful|an impatient] hand.",
          "It creaks when bent.", "One edge has been chewed.",
          "It has gone dark where hands hold it.",
          "A [star|date long rubbed away] is pressed into it."),
    "e": ("A thumbprint was fired into it.", "The underside is [rough|unfinished].",
          "One corner has been [knocked off|cemented on again].",
          "It has been mended with [gold|glue].",
          "The glaze has run at one place.", "A [leaf|fingernail] was pressed into it."),
    "t": (
        "It is cool, even in the sun.",
        "A vein of [white|rust|grey] runs through it.",
        "One corner has been [knocked off|cemented on again].",
        "The chisel [left its tracks|slipped once].",
        "It is [smooth|worn] where people touch it.",
        "A tiny shell is caught in it.",
    ),
    "b": ("It is smooth as soap.", "Fine lines run along it.",
          "Somebody has carved [a ship|waves] on it.",
          "It has yellowed on the side of the light.", "A hole was drilled and never used.",
          "It is warmer to the hand than one expects."),
    "p": ("The last pages are [empty|cut out].", "[Wax|Candle grease] has dripped on it.",
          "The corners are soft.", "It smells of [cellars|pipe smoke].",
          "A [hair|straw] marks a page.",
          "Somebody has underlined [much|a word here and there]."),
}  # fmt: skip
"""Material -> second sentences."""

KEYS = (
    "{a}, as long as a finger, with a plain bow.",
    "{a} with two teeth, on a loop of string.",
    "{a} of a common pattern, worn at the tip.",
    "{a}, flat, with a hole through the bow.",
    "{a}: the bow is oval, the bit square.",
    "{a} that could be any of a dozen.",
)
"""Descriptions of keys; all keys of a world have the same."""

DOORS = (
    "{a}[, hung by somebody careful| that has been rehung| with a worn sill| that sticks].",
    "it is {a}[ that [creaks|groans] on its hinges| with light under it| with a kick mark].",
    "{a}, as [broad|thick] as [two hands|an arm is long|need be].",
    "somebody has [oiled|patched|scrubbed] what is {a}.",
)
LOCKS = ("It has a heavy lock.", "A lock is let into it.", "The keyhole is bright with use.")
FRAGILE = (
    "Its lock is a delicate one: a wrong key would break in it.",
    "The lock looks as if it would snap any key but its own.",
    "Half of a wrong key still sticks in the plate of its lock.",
)
"""Descriptions of locks that break a wrong key."""

LIGHTS = (
    "{a} with oil enough for a long night.",
    "{a}, filled and trimmed.",
    "it is {a} with a fresh wick.",
    "{a}; its glass has been wiped.",
)
PARTS = (
    "{a}: one part of something.",
    "it is {a} that came off a larger thing.",
    "{a}, with holes where it was fastened.",
    "{a}, useless by itself.",
)
PRODUCTS = (
    "{a}, whole at last.",
    "it is {a}, put together again.",
    "{a}, and it works.",
)
BOARDS = (
    "{a} on which people have left their lines.",
    "it is {a}; whoever passes writes on it.",
    "{a}, half covered with writing in many hands.",
    "{a} that serves for messages.",
)

INSCRIPTIONS = (
    "{p} was here for the {g}",
    "{p} and {q} carried this up the stairs",
    "The {g} are late again. {p}",
    "Remember {p}, who went in the autumn of {y}",
    "{p} owes {q} a supper",
    "Rain since {d}. {p}",
    "Whoever took my gloves, bring them back. {p}",
    "{n} {g} broken on {d}, and nobody did it. {p}",
    "{p} loves somebody in this house",
    "Do not trust the stairs. {p}, {y}",
    "{q} said it would hold. It did not hold. {p}",
    "Back on {d}. {p}",
    "We danced here in {y}: {p}, {q} and a goat",
    "{p} slept badly",
    "Three cheers for {q}! {p}",
    "Gone to look for {q}. {p}",
)
"""What people wrote: `{p}` and `{q}` are people, `{y}` a year, `{d}` a day, `{n}` a number."""
