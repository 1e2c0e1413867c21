"""Themes: the rooms of each and what is in the air there.

A room is written `noun:uo`: `u` is a use of `lexicon.things.USES`, `o` says where it stands:
`i` under a roof, `u` under ground, `o` in the open.
"""

from __future__ import annotations

ROOM_ADJECTIVES = """amber narrow hollow quiet sunken crooked pale upper mossy gilded low dusty
lofty shuttered echoing lower smoky scrubbed draughty slanting painted western cluttered
northern bright outer inner whitewashed rounded old damp cold warm long square dim high bare
wide steep eastern southern little great lesser hidden-away back front common private sunny grey
blue green red white winter summer new second third cramped airy crumbling tidy swept shaded
sheltered silent lonely farthest nearer middle corner first fourth forgotten"""

ROOMS = {
    "monastery": """cloister:ho refectory:ki cellar:ku scriptorium:si chapel:hi infirmary:pi
    pantry:ki dormitory:pi crypt:hu gallery:hi bakehouse:ki oratory:hi parlour:pi granary:wi
    almonry:pi sacristy:hi brewhouse:ki chapterhouse:hi vestry:hi belfry:hi lavatorium:pi
    kitchen:ki porch:oo library:si undercroft:wu herb-garden:oo guesthouse:pi ossuary:hu
    bell-tower:hi orchard:oo""",
    "observatory": """dome:si darkroom:wi workshop:wi archive:si landing:pi lenshouse:wi
    platform:oo calibratory:si study:si rotunda:si corridor:pi clockroom:si battery:wu
    lecture-room:si store:wi vault:wu antechamber:pi turret:si mezzanine:si stairhead:pi
    drawing-room:pi passage:pi foyer:pi laboratory:si orrery:si roof-walk:oo kitchenette:ki
    balcony:oo plate-room:wi reading-room:si""",
    "harbour": """quay:oo boathouse:wi ropewalk:wi smokehouse:ki chandlery:wi saltern:oo
    slipway:oo customs-hall:si netloft:wi counting-house:si cooperage:wi jetty:oo tollbooth:si
    sailroom:wi warehouse:wi pier:oo drydock:wo lighthouse:si tavern:ki ferry-house:pi
    icehouse:ku fishmarket:ko pilotage:si forecourt:oo arcade:pi mole:oo watch-room:si
    oyster-shed:ki fog-station:wi bunkhouse:pi""",
    "greenhouse": """orangery:oi potting-shed:wi fernery:oi cistern:wu nursery:oi seedroom:si
    palmhouse:oi boilerhouse:wi vinery:oi apiary:oo rootcellar:ku rockery:oo drying-loft:wi
    herbarium:si pergola:oo propagator:wi mushroom-vault:ku tool-shed:wi rosary-walk:oo
    compost-yard:oo summerhouse:pi lily-pond:oo terrace:oo aviary:oo waterworks:wu
    kitchen-garden:oo cactus-house:oi gardener-lodge:pi frameyard:oo orchid-room:oi""",
    "mill": """wheelhouse:wi stone-floor:wi bin-floor:wi hopper-loft:wi sack-store:wi
    weir-house:oo millpond:oo sluice:oo millrace:oo grain-dryer:wi bakery:ki scales-room:si
    counting-room:si cart-shed:wi stable:oi miller-parlour:pi kitchen:ki cellar:ku tailrace:wu
    gear-pit:wu barley-loft:wi flour-room:ki eel-trap:oo forge:wi yard:oo dovecote:oo
    bedchamber:pi hayloft:wi tollroom:si threshing-floor:wi""",
    "inn": """taproom:ki kitchen:ki cellar:ku stable:oi courtyard:oo bedchamber:pi parlour:pi
    pantry:ki scullery:ki attic:pi snug:pi dining-hall:ki coach-house:wi laundry:wi brewhouse:ki
    skittle-alley:pi linen-room:pi box-room:wi herb-plot:oo porch:oo card-room:pi larder:ki
    smoke-loft:ki guestroom:pi ballroom:hi office:si tack-room:wi wood-yard:oo ice-cellar:ku
    musicians-gallery:hi""",
    "theatre": """stage:hi pit:hi foyer:pi green-room:pi wardrobe-hall:pi trap-room:wu
    fly-loft:wi wings:wi prompt-corner:si paint-shop:wi prop-store:wi box-office:si balcony:hi
    cloakroom:pi dressing-room:pi orchestra-pit:hi wig-room:pi lamp-room:wi rehearsal-hall:hi
    buffet:ki scene-dock:wi under-stage:wu royal-box:hi gridiron:wi mask-shop:wi stage-door:pi
    script-room:si thunder-loft:wi boiler-room:wu smoking-terrace:oo""",
    "mine": """adit:wu winding-house:wi pump-room:wu gallery-head:wu stope:wu lamp-cabin:wi
    changing-house:pi assay-office:si ore-yard:oo crusher-house:wi powder-store:wu stables:ou
    shaft-bottom:wu counting-house:si smithy:wi canteen:ki timber-yard:oo cage-landing:wi
    drift:wu sump:wu engine-house:wi map-room:si chapel-of-saints:hu washing-floor:wi
    tally-room:si fan-chamber:wu tramway:wu spoil-heap:oo bathhouse:pi manager-room:pi""",
    "shipyard": """slip:oo mould-loft:si saw-pit:wo steam-shed:wi pitch-house:wi rigging-loft:wi
    sail-loft:wi mast-house:wi forge:wi timber-basin:oo plate-shop:wi drawing-office:si
    gatehouse:pi store-room:wi cookhouse:ki paint-locker:wi oakum-shed:wi figurehead-shop:wi
    wharf:oo careening-bay:oo cable-store:wu master-lodge:pi canteen:ki dry-dock:wo
    block-shop:wi boat-shed:wi christening-stand:ho chart-room:si bilge-tunnel:wu
    apprentice-loft:pi""",
    "printworks": """composing-room:wi press-hall:wi type-foundry:wi bindery:wi paper-store:wi
    ink-cellar:wu proof-room:si bookshop:si drying-attic:wi office:si engraving-room:wi
    plate-vault:wu courtyard:oo reading-closet:si packing-room:wi stone-room:wi lye-yard:oo
    cutting-room:wi lead-store:wu counting-room:si apprentice-room:pi kitchen:ki
    marbling-shop:wi news-desk:si archive:si loading-dock:oo gilding-room:wi editor-parlour:pi
    washroom:pi stair-hall:pi""",
}
"""Theme -> its rooms, thirty each."""

THEMES = tuple(ROOMS)

AIRS = {
    "monastery": ("[Incense|Cold wax|Old prayer] hangs in the air",
                  "A bell [rings|is heard] far off",
                  "Sandals have worn [a path|a groove] here", "Someone hums a psalm out of sight"),
    "observatory": ("Something ticks [behind the walls|overhead]",
                    "The smell is of [oil and brass|hot"
                    " lamp glass]", "All talk is low here, as if stars could hear",
                    "[Chalk figures|Sums] are scribbled in odd places"),
    "harbour": ("Gulls [quarrel|cry] nearby", "The air tastes of [salt|tar|fish]",
                "A rope creaks [with the tide|in the wind]",
                "Everything is [a little|slightly] damp"),
    "greenhouse": ("The air is warm and smells of [earth|leaf mould]",
                   "Water drips from leaf to leaf",
                   "[Bees|Flies] hum [near the light|somewhere]",
                   "Green light comes from all sides"),
    "mill": ("The floor trembles with the [wheel|stones]", "Flour lies on every [edge|ledge]",
             "Water [rushes|roars] close by", "The smell is of [bran|meal|wet wood]"),
    "inn": ("Laughter comes [from below|through the wall]",
            "The smell is of [onions|ale|roast goose]",
            "Somebody sings [off key|an old tune]", "Mud from many boots has dried here"),
    "theatre": ("A voice somewhere repeats [one line|its part]",
                "The smell is of [size|greasepaint|dust"
                " and gaslight]", "Footsteps [cross|hurry] overhead", "A piano is being tuned"),
    "mine": ("The pump [thuds|beats] far below", "Dust settles on [the tongue|everything]",
             "The rock [ticks|creaks] now and then", "The smell is of [lamp oil|powder|wet stone]"),
    "shipyard": ("Hammers ring [without pause|in turn]",
                 "The smell is of [pitch|fresh shavings|hemp]",
                 "A saw sings [not far off|through oak]", "Wood dust drifts [about|in the light]"),
    "printworks": ("A press [thumps|groans] somewhere", "The smell is of [ink|lye|warm lead]",
                   "Scraps of print lie [about|underfoot]", "A voice reads proofs aloud"),
}  # fmt: skip
"""Theme -> sentences of what is in the air of any of its rooms."""

USE_LINES = {
    "k": ("[Food|A meal] [was prepared|has been cooked] here [today|not long ago]",
          "[Crumbs|Onion skins] have been swept into a corner",
          "Here [people|many] have eaten in a hurry"),
    "w": ("[Work|A job] has been left half done here",
          "It is a place for [work|tools and sore hands]",
          "Everything here has been mended [at least once|more than once]"),
    "s": ("One [reads and reckons|thinks] here",
          "[Silence|Patience] is asked of whoever works here",
          "It is a room for [sums|careful people]"),
    "p": ("People [rest|wait] here", "It is [a homely|an ordinary] place to sit",
          "Someone has [tried|taken pains] to make it comfortable"),
    "h": ("Voices drop here by themselves", "It has been [made|cleared] for great days",
          "[Crowds have|Many a crowd has] stood here"),
    "o": ("The [wind|weather] comes and goes here", "[Birds|Leaves] have found the place",
          "It is [wide open|half given back] to green things"),
}  # fmt: skip
"""Use -> sentences that fit rooms of that use."""
