"""The words that worlds are named and furnished with, divided among the splits by position.

Of every five words three belong to train, one to validation and one to test, so that no
name, and no pair of words, of one split occurs in another. Numbers are divided likewise.
"""

from __future__ import annotations

import random
from typing import Literal

Split = Literal["train", "validation", "test"]

_PLACES: dict[Split, tuple[int, ...]] = {"train": (0, 1, 2), "validation": (3,), "test": (4,)}


def share(words: str, split: Split) -> tuple[str, ...]:
    """Return the words of a split, in their order."""
    return tuple(w for n, w in enumerate(words.split()) if n % 5 in _PLACES[split])


def number(rng: random.Random, split: Split, low: int, high: int) -> int:
    """Draw a number from `low` to `high` that no other split draws."""
    value = rng.randrange(low, high + 1)
    return value - value % 5 + rng.choice(_PLACES[split])


ROOM_ADJECTIVES = """amber narrow hollow quiet sunken crooked pale vaulted mossy gilded low dusty
lofty shuttered echoing tiled smoky scrubbed draughty slanting painted barren cluttered frescoed
bright panelled windowless whitewashed rounded flagged damp cold warm long square dim high bare
wide steep"""

ROOM_NOUNS = {
    "monastery": """cloister refectory cellar scriptorium chapel infirmary pantry dormitory crypt
        gallery bakehouse oratory parlour granary almonry sacristy brewhouse chapterhouse vestry
        belfry lavatorium kitchen porch library undercroft""",
    "observatory": """dome darkroom workshop archive landing lenshouse platform calibratory study
        rotunda corridor clockroom battery lecture-room store vault antechamber turret mezzanine
        stairhead drawing-room passage foyer laboratory orrery""",
    "harbour": """quay boathouse ropewalk smokehouse chandlery saltern slipway customs-hall netloft
        counting-house cooperage jetty tollbooth sailroom warehouse pier drydock lighthouse tavern
        ferry-house icehouse fishmarket pilotage forecourt arcade""",
    "greenhouse": """orangery potting-shed fernery cistern nursery seedroom palmhouse boilerhouse
        vinery apiary rootcellar rockery drying-loft herbarium pergola propagator mushroom-vault
        tool-shed rosary compost-yard summerhouse lily-pond terrace aviary waterworks""",
}

THING_ADJECTIVES = """brass iron oaken copper walnut chipped silver leaden ivory tarnished ashen
velvet bronze slate enamel polished pewter woven cedar granite horn beechen lacquered marble rusty
blackened waxen carved ebony faded stained nickel painted birchen jade mended scorched tin braided
glass"""

TRINKETS = """thimble goblet spindle whistle buckle figurine compass trowel bobbin medallion funnel
mallet bell-pull sextant inkwell ladle astrolabe chalice hairpin tankard pestle locket plumbline
snuffbox candlestick sieve flask brooch penknife scoop abacus tinderbox hourglass quill dice button
pendant comb spoon saucer"""

CONTAINERS = """chest casket crate coffer satchel hamper trunk cabinet basket strongbox drum case
caddy cupboard barrel"""
SURFACES = "table desk shelf pedestal counter sideboard lectern plinth trestle workbench"
FIXTURES = """stove statue fountain pillar loom anvil font sundial cistern-pump millstone hearth
cauldron pulpit capstan boiler"""
LIGHTS = "lantern lamp torch candle taper rushlight brand cresset flambeau glowglobe"
WRITABLES = "wall slate blackboard noticeboard tablet screen banner panel plaque doorpost"
DOCUMENTS = """ledger journal almanac register logbook diary manifest letter chronicle codex
receipt inventory decree memoir charter treatise bulletin calendar psalter roster"""
DOORS = "door gate hatch grille portal wicket postern shutter barrier trapdoor"
PARTS = """shaft blade lens frame handle socket wheel axle mouthpiece bellows spring dial strut
hinge pane"""
PRODUCTS = "spade spyglass barrow clarion clock scythe winch easel beacon loom-comb"
SIGNS = "tapestry mirror mosaic curtain relief bookcase portrait mural tarpaulin tapestry-frame"

FIRST_NAMES = """Alma Bertram Cecily Dorian Edda Florian Greta Henrik Ines Jorun Kaspar Leonie
Magnus Nerea Oskar Petra Quirin Rosalind Stellan Thea Ulrich Vesna Wendel Xenia Yorick"""
SURNAMES = """Abendroth Birchall Calloway Dunmore Eastlake Fairweather Grimsby Holloway Ingham
Jessop Kettering Lindqvist Marlowe Norgaard Osterley Pemberton Quillfeather Ravenscroft Stillman
Thornbury Underhill Vantongeren Whitlock Yarrow Zimmerle"""
GOODS = """candles barrels bolts seeds lenses ropes loaves bottles panes quills anchors bells tiles
jars sacks"""

MATERIALS = """plaster brick timber limestone slate oak sandstone flint tarred tiled"""
DETAILS = """drip|Water drips steadily behind the {m} wall
draught|A draught finds its way under the {m} skirting
crack|A long crack runs through the {m} ceiling
hooks|Rows of empty hooks line the {m} beam
scent|A scent of cut herbs clings to the {m} floor
swallows|Swallows have nested above the {m} lintel
soot|Soot has drawn clouds upon the {m} vault
footprints|Old footprints cross the {m} floor in single file
hum|A low hum comes from beyond the {m} partition
ivy|Ivy has come in through a gap in the {m} wall
chalk|Chalk marks climb one side of the {m} doorframe
rings|Iron rings are let into the {m} wall at knee height
dust|Dust turns slowly in the light above the {m} floor
echo|Each step returns twice from the {m} vault
stain|A stain shaped like a boat spreads over the {m} ceiling
bench|A bench for waiting runs along the {m} wall
bell|Somewhere above the {m} vault a bell-rope sways
moss|Moss has softened the edges of the {m} steps
numbers|Someone has numbered the blocks of the {m} wall
warmth|Warmth rises from a grating in the {m} floor"""
