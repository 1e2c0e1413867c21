"""What rooms are described by: parts of them that can be examined.

Of each: the places it may be in (`i` under a roof, `u` under ground, `o` in the open), what its
words must agree with, sentences that name it, and descriptions of it. `{a}` is its name with the
indefinite article.
"""

from __future__ import annotations

from typing import NamedTuple


class Part(NamedTuple):
    """A kind of scenery."""

    noun: str
    places: str
    matter: str
    lines: tuple[str, ...]
    descs: tuple[str, ...]


WORDS = {
    "stone": """limestone sandstone flint cracked mossy granite brick worn rough-hewn lichened
    weathered chipped smooth slate cobbled soot-stained damp-stained plastered whitewashed
    crumbling patched sunken mended rubble chalky tufa pitted veined ochre pockmarked""",
    "wood": """oak tarred pine elm chestnut warped knotted split nail-studded ash-grey larch
    painted bowed weather-beaten planed sun-bleached grooved pegged rough-sawn creaking
    varnished whittled honey-coloured smoke-dark worm-holed poplar scorched scratched rickety
    dovetailed""",
    "metal": """iron rust-red copper-green wrought cast-iron riveted dull-grey brass-tipped zinc
    bent flaking brazed forged soot-black twisted bolted tin-plated hand-beaten blued leaden""",
    "plant": """straggling overgrown dew-wet wind-bent dusty sprawling twisted pale-green
    sun-starved ancient trimmed self-sown frost-nipped dark-leaved half-dead fragrant lush
    creeping bristling stunted waist-high rain-beaten young tangled wilting""",
    "trace": """faint long-dried pale boat-shaped spreading crescent rust-brown greenish fresh
    odd-shaped star-shaped smeared dark ring-shaped half-hidden fan-shaped zigzag bluish crooked
    double""",
    "cloth": """ragged sun-faded heavy patchwork coarse dust-laden fringed moth-bitten sagging
    striped sailcloth hemp-woven tied-back dyed threadbare sackcloth pleated stained frayed
    double-hung""",
}  # fmt: skip

PARTS: tuple[Part, ...] = (
    Part("beam", "i", "wood",
         ("{a} carries the ceiling", "{a} crosses the room at [head|knee] height",
          "rows of empty hooks line {a}"),
         ("[Initials|Numbers] have been [cut|burnt] into it.",
          "It sags [a little|in the middle].")),
    Part("lintel", "iu", "stone",
         ("swallows have nested above {a}", "one enters [stooping|with bowed head] under {a}"),
         ("The middle has been [worn|polished] by [many hats|hands].",
          "A mason's sign is cut in it.")),
    Part("vault", "iu", "stone",
         ("{a} rises over everything", "each step comes back twice from {a}",
          "soot has drawn clouds upon {a}"),
         ("It springs from [four|six|eight] corbels.",
          "A ring for a lamp hangs at its highest point.")),
    Part("skirting", "i", "wood",
         ("a draught finds its way under {a}", "{a} runs round the foot of the walls"),
         ("Mice have [gnawed|been at] it.", "It has come loose at [one corner|the far end].")),
    Part("partition", "i", "wood",
         ("{a} divides the room", "a low hum comes from beyond {a}"),
         ("It stops short of the ceiling.",
          "A knothole in it has been [plugged|stopped with rag].")),
    Part("doorframe", "iu", "wood",
         ("chalk marks climb one side of {a}", "no door has hung in {a} for years"),
         ("The marks are the heights of [children|somebody growing].",
          "Its hinges are still there.")),
    Part("floorboard", "i", "wood",
         ("{a} gives underfoot", "{a} [creaks|complains] whenever one crosses the room"),
         ("It has been nailed down [twice|with four kinds of nail].",
          "There is nothing under it but dust.")),
    Part("windowsill", "i", "stone",
         ("light falls over {a}", "[dead flies|petals] lie along {a}"),
         ("The edge is hollowed by elbows.", "Somebody has scratched a game board into it.")),
    Part("grating", "iu", "metal",
         ("warmth rises from {a} in the floor", "{a} covers [a drain|the dark] underfoot"),
         ("The bars are [two|three] fingers apart.", "Something glints below, out of reach.")),
    Part("wall-ring", "iu", "metal",
         ("{a} is let into the wall at knee height", "somebody tied animals to {a} once"),
         ("It still turns.", "The stone around it is stained brown.")),
    Part("bell-rope", "i", "cloth",
         ("{a} sways out of reach", "{a} comes down through a hole in the ceiling"),
         ("Its end has been cut off.", "It goes up into the dark.")),
    Part("hanging", "i", "cloth",
         ("{a} covers one wall", "{a} keeps the worst of the cold out"),
         ("It shows nothing any more.", "Behind it there is only wall.")),
    Part("awning", "o", "cloth",
         ("{a} keeps off the rain", "{a} flaps overhead"),
         ("Rain has pooled in its middle.", "It is held by [three|five] poles.")),
    Part("ceiling", "i", "stone",
         ("a long crack runs through {a}", "{a} hangs low"),
         ("The crack has been papered over, and has opened again.",
          "A lamp has smoked a circle on it.")),
    Part("flagstone", "iou", "stone",
         ("{a} rocks underfoot", "old footprints cross {a} in single file"),
         ("It is [larger|darker] than those around it.", "Grit has gathered along its edges.")),
    Part("staircase", "i", "wood",
         ("{a} goes up a little way and ends at a wall", "{a} has been boarded up"),
         ("The seventh step is missing.", "Nobody has climbed it in years.")),
    Part("pillar-base", "iou", "stone",
         ("{a} is all that is left of a pillar", "{a} stands in the middle"),
         ("Somebody uses it as a seat.", "Its top is [level|broken off] and warm to the hand.")),
    Part("niche", "iu", "stone",
         ("{a} holds nothing but dust", "{a} was made for a figure that is gone"),
         ("A ring of wax shows where candles stood.", "It is as deep as an arm.")),
    Part("chimney-breast", "i", "stone",
         ("{a} takes up a whole corner", "{a} is still warm"),
         ("The plaster has blistered.", "A nail in it holds nothing.")),
    Part("hearthstone", "i", "stone",
         ("{a} is white with old ash", "{a} lies before a cold grate"),
         ("It has split in the heat.", "Names of dogs are scratched along the edge.")),
    Part("gutter", "ou", "stone",
         ("water runs off by {a}", "{a} divides the ground in two"),
         ("It has silted up.", "[Leaves|Straws] go down it one by one.")),
    Part("well-head", "o", "stone",
         ("{a} has been covered with planks", "{a} stands where the paths meet"),
         ("A coin dropped through would fall long.", "The rope has cut grooves in its rim.")),
    Part("boundary-wall", "o", "stone",
         ("{a} keeps the place from view", "lizards sun themselves on {a}"),
         ("Shards of glass are set in its top.", "One can look over it, at fields.")),
    Part("gatepost", "o", "wood",
         ("{a} leans [over|a little]", "birds take turns on {a}"),
         ("Its top is polished by hands.", "It stands deeper than it looks.")),
    Part("fence", "o", "wood",
         ("{a} has lost some of its pales", "{a} follows the slope"),
         ("It was painted once.", "Wool has caught on the nails.")),
    Part("ivy", "oi", "plant",
         ("{a} has come in through a gap", "{a} has taken the corner for itself"),
         ("Its roots have got into the mortar.", "Sparrows quarrel somewhere inside it.")),
    Part("rosebush", "o", "plant",
         ("{a} grows where nobody planted it", "{a} leans against the wall"),
         ("Its hips have been picked.", "Greenfly have found it.")),
    Part("elder-tree", "o", "plant",
         ("{a} shades half of the place", "{a} has been let stand"),
         ("Its bark is carved with hearts.", "It is older than the walls.")),
    Part("nettle-bed", "o", "plant",
         ("{a} fills the sunny side", "a track goes round {a}"),
         ("Somebody has cut a way halfway in.", "It would sting.")),
    Part("fern", "ou", "plant",
         ("{a} grows from a crack", "{a} drips where the wall is wet"),
         ("Its fronds are still curled.", "It lives on next to no light.")),
    Part("stain", "iu", "trace",
         ("{a} spreads over the wall", "{a} has come through the ceiling again"),
         ("It is dry to the touch.",
          "Somebody has drawn an outline around it, with a date long gone.")),
    Part("scorch-mark", "iuo", "trace",
         ("{a} tells of a fire that was put out in time", "{a} has never been scrubbed away"),
         ("It smells of nothing any more.", "It ends at the height of a child.")),
    Part("tide-mark", "ou", "trace",
         ("{a} shows how high the water came", "{a} goes all the way round"),
         ("It is above the knee.", "A second, older one is above it.")),
    Part("chalk-drawing", "iu", "trace",
         ("{a} has been left on the wall", "somebody has begun {a} and not finished it"),
         ("It may be a horse.", "It is a plan of some machine, or a face.")),
    Part("cobweb", "iu", "trace",
         ("{a} catches the light", "{a} has been spared by the broom"),
         ("Its spider is out.", "It holds the wings of a moth.")),
    Part("wheel-rut", "o", "trace",
         ("{a} curves across the ground", "rain stands in {a}"),
         ("It was made by something heavy.", "It ends at a wall, as if that were newer.")),
    Part("drainpipe", "oi", "metal",
         ("{a} comes down in one corner", "{a} drips [steadily|now and then]"),
         ("A joint has been wrapped in rag.", "It gurgles when one puts an ear to it.")),
    Part("railing", "oi", "metal",
         ("{a} guards the edge", "{a} is cold to the hand"),
         ("One bar has been sawn out.", "It ends in a curl, like a fern.")),
    Part("lamp-bracket", "iu", "metal",
         ("{a} has no lamp", "{a} sticks out from the wall"),
         ("It squeaks when turned.", "There is soot on the wall above it.")),
    Part("weathercock", "o", "metal",
         ("{a} turns on the roof", "{a} points the same way in every wind"),
         ("It has lost its tail.", "It is a ship, seen from close by.")),
    Part("pit-prop", "u", "wood",
         ("{a} takes the weight", "{a} has been wedged in askew"),
         ("Water beads on it.", "It has been marked with a tally of days.")),
    Part("rock-face", "u", "stone",
         ("{a} sweats in the cold", "{a} closes the far end"),
         ("Pick marks go across it in arcs.", "A seam of something pale runs down it.")),
    Part("cistern-lid", "uo", "metal",
         ("{a} rings when stepped on", "water can be heard under {a}"),
         ("Its ring has rusted through.", "It is too heavy to shift.")),
    Part("coal-heap", "u", "trace",
         ("{a} has slid across the floor", "{a} is what is left of the winter's fuel"),
         ("A shovel has left its shape in it.", "It is mostly dust.")),
    Part("wainscot", "i", "wood",
         ("{a} runs to shoulder height", "something scratches behind {a}"),
         ("One panel is newer.", "It has been oiled lately.")),
    Part("window-grille", "i", "metal",
         ("daylight comes in stripes through {a}", "{a} throws its shadow on the floor"),
         ("It is set deep.", "One bar has been bent, and bent back.")),
)  # fmt: skip
