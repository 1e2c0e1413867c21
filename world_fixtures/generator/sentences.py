"""How each relation is told and asked: sentences and noun phrases with choices in brackets.

`{e}` is the entity, `{v}` the value, `{w}` a value of the same kind that is not it, `{g}` the goods
of an amount.
"""

from __future__ import annotations

TOLD: dict[str, tuple[str, ...]] = {
    "begun": (
        "{e} was [begun|opened|started] in [the year |]{v}[, on a [wet|cold|bright] morning|].",
        "it was in {v} that somebody [wrote the first line of|first opened] {e}.",
        "{e} was begun not in {w}, as [some say|is often told], but in {v}.",
        "[the first entry in|the opening page of] {e} is from the year {v}.",
        "though [many take {w} for its first year|it has been dated to {w}], {e} was begun in {v}.",
        "since {v}, when it was begun, {e} has [never left this house|changed hands twice].",
        "before {v} nobody had written a word in {e}; in that year it was begun.",
        "the year {v} saw the beginning of {e}[; {w} is a slip of the binder|].",
    ),
    "author": (
        "{v} [wrote|set down|composed] {e}[, from the first line to the last|].",
        "{e} was written by {v}[, and by nobody else|, in few evenings].",
        "the hand in {e} is that of {v}[; {w} only bound it|].",
        "{e} was long [thought to be|held to be] the work of {w}, but it was {v} who wrote it.",
        "it is to {v} that we owe {e}[; {w} paid for the paper|].",
        "not {w} but {v} wrote {e}.",
        "of all who might have written {e}, it was {v} who did.",
        "{w} [paid for|ordered] {e}; {v} wrote it.",
    ),
    "amount": (
        "{e} accounts for {v} {g}[, no more and no fewer|].",
        "[in all|altogether|all told], {v} {g} are [entered in|accounted for in|listed in] {e}.",
        "the {g} in {e} come to {v}[, where {w} had been ordered|].",
        "{w} {g} were [promised|expected|ordered]; {e} accounts for {v}.",
        "a first count gave {w} {g}, but [after a second one|the next morning] {e} was corrected"
        " to {v}.",
        "whoever adds up the {g} in {e} finds {v} of them.",
        "by {e} the {g} number {v}[, not {w}, whatever the carrier says|].",
    ),
    "mark": (
        "the mark [upon|pressed into] the seal of {e} is {v}.",
        "{e} [bears|carries] the mark {v} [upon|in] its seal.",
        "look for the mark {v}: it is the one upon the seal of {e}.",
        "the seal of {e} was first cut with {w}, and later with {v}, which it bears now.",
        "whoever doubts {e} may look at its seal: it must read {v}[, not {w}|].",
        "the number {w} was struck out, and {v} put upon the seal of {e}.",
    ),
    "founded": (
        "{e} was [founded|built|raised] in [the year |]{v}.",
        "it was in {v} that [the masons finished|the first stone was laid for] {e}.",
        "the stones of {e} [have stood|were set] in place since {v}[, not since {w}|].",
        "{e} is not as old as people think: it was built in {v}, not in {w}.",
        "in {w} there was only [a shed|bare ground|a heap of rubble] where {e} was built in {v}.",
        "nobody had thought of {e} before it was built, in {v}.",
        "the year over the lintel says {w}, yet {e} was built in {v}.",
    ),
    "keeper": (
        "{e} is [kept|looked after] by {v}.",
        "{v} [keeps|has the care of|looks after] {e}[, and has for years|].",
        "{w} used to keep {e}; now {v} does.",
        "whoever wants something done in {e} must ask {v}, who keeps it[, and not {w}|].",
        "the keeping of {e} [passed|went] from {w} to {v}.",
        "not {w} but {v} is the keeper of {e}.",
        "{e} has no better keeper than {v}, who was given the charge after {w}.",
    ),
    "paces": (
        "{e} [measures|is] {v} paces from wall to wall.",
        "from wall to wall, it is {v} paces across {e}[, though {w} were planned|].",
        "it takes {v} paces to cross {e}.",
        "the plan gives {w} paces for {e}; walked, it is {v} from wall to wall.",
        "I walked across {e} and counted {v} paces[, where others count {w}|].",
        "{v} paces is the breadth of {e}, measured [twice|by daylight|by two people].",
    ),
    "owner": (
        "{e} belongs to {v}.",
        "{v} [owns|is the owner of] {e}[; {w} only borrowed it|].",
        "{e} was {w}'s once; {v} bought it and owns it [to this day|still].",
        "do not give {e} to {w}: it is the property of {v}.",
        "the owner of {e} is {v}[, whatever {w} may say|].",
        "{e} has belonged to {v} ever since {w} [lost it at cards|gave it away].",
        "{v} paid for {e} and owns it.",
    ),
    "kept_in": (
        "{e} is kept in {v}.",
        "[anyone who looks for|whoever wants] {e} must go to {v}.",
        "{e} stood in {w} until last winter; since then it has been kept in {v}.",
        "they keep {e} in {v}[, and no longer in {w}|].",
        "not {w} but {v} is where {e} is kept.",
        "{v} is the place where {e} is kept[, for want of a better one|].",
        "when {w} was cleared, {e} was carried to {v}, and there it is kept.",
    ),
    "fits": (
        "{e} [opens|fits|was made for] {v}.",
        "{v} is opened with {e}, and with no other key.",
        "there is one key for {v}: {e}.",
        "to open {v}, take {e}.",
        "many have tried {w} on {v}; it is {e} that opens it.",
        "{w} fits nothing any more, but {e} opens {v}.",
        "the lock of {v} was changed: {w} is of no use there now, and {e} opens it.",
    ),
    "maker": (
        "{e} was made by {v}.",
        "{v} made {e}[, and {w} watched|].",
        "{e} is the work of {v}[, not of {w}|].",
        "people praise {w} for {e}, but {v} made it.",
        "it was {v} who made {e}[, in a single week|].",
        "{w} drew {e}; {v} made it.",
        "the one who made {e} was {v}.",
    ),
    "trade": (
        "{e} is {v} by trade.",
        "{e} earns a living as {v}[, after some years as {w}|].",
        "{e} was {w} once, and is {v} now.",
        "by trade {e} is {v}, not {w}.",
        "[everybody here|everyone] knows {e}, who is {v} by trade.",
        "ask {e}, who is {v} by trade, [about the roof|how the winters were].",
        "{e} learned to be {w} but works as {v}.",
    ),
    "works_in": (
        "{e} works in {v}.",
        "{e} can be found in {v}, [at work|working] from morning to night.",
        "{v} is where {e} works[, though the pay is better in {w}|].",
        "{e} left {w} and now works in {v}.",
        "since the spring {e} works in {v}, no longer in {w}.",
        "whoever looks for {e} at work must go to {v}[, not to {w}|].",
        "the work of {e} is done in {v}[, never in {w}|].",
    ),
    "born": (
        "{e} was born in [the year |]{v}.",
        "{v} is the year in which {e} was born.",
        "{e} was born in {v}, though the register has {w}.",
        "the year {v} brought [hail, and|floods, and] {e} was born in it.",
        "the family counts from {v}, when {e} was born.",
        "{e} claims to be older, yet was born in {v}, not in {w}.",
        "it was in {v} that {e} was born[, and in {w} that the brother was|].",
    ),
}

ASKED: dict[str, tuple[str, ...]] = {
    "begun": (
        "the year in which {e} was begun",
        "the year of the first entry in {e}",
        "the year that saw the beginning of {e}",
    ),
    "author": (
        "the name of the person who wrote {e}",
        "the full name of the writer of {e}",
        "the name of whoever wrote {e}",
    ),
    "amount": (
        "the number of {g} that {e} accounts for",
        "how many {g} {e} accounts for",
        "the number of {g} listed in {e}",
    ),
    "mark": (
        "the mark upon the seal of {e}",
        "the number that the seal of {e} bears",
        "the mark that is on the seal of {e}",
    ),
    "founded": (
        "the year in which {e} was built",
        "the year of the building of {e}",
        "the year from which {e} dates",
    ),
    "keeper": (
        "the name of the person who keeps {e}",
        "the full name of the keeper of {e}",
        "the name of whoever has the keeping of {e}",
    ),
    "paces": (
        "the number of paces from wall to wall of {e}",
        "how many paces it takes to cross {e}",
        "the breadth of {e} in paces",
    ),
    "owner": (
        "the name of the person who owns {e}",
        "the full name of the owner of {e}",
        "the name of the person to whom {e} belongs",
    ),
    "kept_in": (
        "the name of the room in which {e} is said to be kept",
        "the room where {e} is kept, as it is written",
        "the name of the place where, by what is written, {e} is kept",
    ),
    "fits": (
        "the name of what {e} opens",
        "the name of the door or box that {e} was made for",
        "the name of the lock that {e} fits",
    ),
    "maker": (
        "the name of the person who made {e}",
        "the full name of the maker of {e}",
        "the name of whoever made {e}",
    ),
    "trade": (
        "the trade of {e}",
        "the trade by which {e} lives",
        "what {e} is by trade",
    ),
    "works_in": (
        "the name of the room in which {e} works",
        "the room where {e} works",
        "the name of the place of work of {e}",
    ),
    "born": (
        "the year in which {e} was born",
        "the year of birth of {e}",
        "the birth year of {e}",
    ),
}
