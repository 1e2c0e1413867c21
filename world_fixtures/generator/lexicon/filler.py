"""Sentences of documents that tell nothing one is asked for.

`{y}` is a year, `{n}` and `{m}` are numbers, `{p}` is a person of the world, `{g}` and `{h}` are
goods, `{d}` is a day, `{r}` is a room.
"""

from __future__ import annotations

FILLERS = (
    "the winter of {y} was the [hardest|longest] that anyone [here |]remembers.",
    "on {d} {p} [came through|passed by] and [bought|asked for] {n} {h}.",
    "in {y} the [river|lake] froze, and [carts|whole families] crossed it.",
    "{n} {h} were sent back [broken|unpaid|for no reason given].",
    "the price of {h} [rose from {n} to {m}|fell from {m} to {n}] within a [week|month].",
    "{p} says that nothing has been the same since {y}.",
    "[rain|fog|hail] on {d}, and again [the day after|for {n} days].",
    "the carrier wants {n} coins for what cost {m} [last spring|before the toll].",
    "somebody has asked for {p} and would not [leave a name|say why].",
    "of {m} [guests|visitors] on {d}, {n} stayed [overnight|to supper].",
    "a [comet|two-headed calf|white crow] was seen in {y}; {p} [drew it|swears to it].",
    "{p} still owes {n} {h}, and has owed them since {y}.",
    "nobody knows who broke the {n} {h} on {d}.",
    "the road was closed in {y} for {n} days.",
    "[please|do] tell {p} that the {h} have [arrived|come at last].",
    "I counted {n} swallows [this morning|on {d}], and {p} counted {m}.",
    "the old inspector, who left in {y}, took {n} {h} with him.",
    "[it is said|they say] that {n} people danced in {r} on {d}.",
    "{r} was swept on {d}; {n} pins were found.",
    "the bill for {h} is {n} and not {m}, as was claimed.",
    "in {y} a fire took the [barn|stable] of a neighbour, with {n} sheep.",
    "{p} [slept|sat up] in {r} on {d} because of the [noise|smoke].",
    "whoever finds {n} {h} should [keep quiet|tell {p}].",
    "the mice in {r} [have had|got] {n} candles since {d}.",
    "at the fair of {y} {p} won {n} {h} and lost them again.",
    "the bridge toll was {n} until {y}, and {m} after that.",
    "{p} [dreamt|dreams] of {h}, which is [a good|an ill] sign.",
    "page {n} is missing, and so is page {m}.",
    "there were {n} [funerals|weddings] in {y}, and {m} in the year before.",
    "a stranger offered {n} for a dog that {p} had got for {m}.",
    "[ink|paper] is dear: {n} for what cost {m} in {y}.",
    "the clock in {r} was {n} minutes slow on {d}.",
    "[if|should] it rain on {d}, {p} will bring the {h} in.",
    "of the {n} {h} that {p} promised, [none|not one] came.",
    "the well was deepened by {n} feet in {y}.",
    "a letter for {p} lay in {r} for {n} days.",
)

OPENINGS = (
    "not to be lent", "copied from an older page", "to be read aloud on {d}", "for {p}, in haste",
    "to whom it may concern", "what I could not say aloud", "a true account", "begun again on {d}",
    "dear {p}", "in the third hand", "from memory", "kept for those who come after",
    "my memory fails me, so I write", "this is for {p} alone", "corrected on {d}",
    "as it was told to me",
)  # fmt: skip
"""How some documents open, before their sentences."""

LINKS = (
    "as far as I know, ", "for the record, ", "let it be noted: ", "once more: ", "mark this: ",
    "as everybody knows, ", "to be exact, ", "I have it on good authority that ", "remember: ",
    "so much is certain: ", "as I said, ", "in short, ", "besides, ",
)  # fmt: skip
"""What some sentences begin with."""
