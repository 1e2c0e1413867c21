"""Things by what they are made of and where they are used, and the words that describe them.

A noun is written `noun:mu`: `m` is a material of `MATERIALS`, `u` a use of `USES`.
"""

from __future__ import annotations

MATERIALS = {
    "m": """brass iron copper silver tin bronze pewter steel nickel gilded tarnished rusty
    dented polished blackened hammered engraved dull burnished pitted riveted soldered lacquered
    etched embossed""",
    "w": """oaken walnut birchen cedar ebony beechen maple ashen elmwood pearwood carved
    varnished knotty worm-eaten waxed turned whittled charred scrubbed mahogany limewood stained
    splintered pine rosewood""",
    "g": """green-glass amber-glass crystal clouded frosted bubbled blue-glass ruby-glass smoked
    cut-glass milk-glass bevelled rippled thin-blown clear-glass opal-glass moulded faceted
    tinted fluted""",
    "c": """velvet linen woollen silken cotton felted quilted embroidered moth-eaten darned
    knitted canvas faded striped checkered fringed hempen threadbare dyed patched""",
    "l": """leather calfskin goatskin pigskin tooled cracked-leather oiled suede studded
    stitched deerskin sheepskin russet creased tanned cowhide buckskin kidskin rawhide
    plaited-leather eelskin sealskin saddle-brown blackened-leather thonged oxhide
    fringed-leather sharkskin embossed-leather scuffed""",
    "e": """glazed earthen porcelain stoneware clay chipped terracotta crackled speckled
    unglazed salt-glazed cream-glazed blue-glazed brown-glazed fired hand-thrown painted-clay
    white-glazed slip-ware tin-glazed mottled lustre-ware green-glazed spongeware kiln-cracked""",
    "t": """granite marble alabaster jade basalt onyx serpentine soapstone limestone sandstone
    porphyry veined hewn slate-grey quartz mossy pitted flint chiselled polished-stone weathered
    travertine dolomite rough-cut agate""",
    "b": """horn ivory bone antler tortoiseshell whalebone mother-of-pearl yellowed notched
    scrimshawed walrus-bone inlaid boar-tusk smoothed bleached ram-horn cow-horn shell-inlaid
    stag-horn boxed-ivory pearly bone-white ox-bone swan-bone translucent buffalo-horn fishbone
    grooved-bone mammoth-ivory nacreous""",
    "p": """vellum parchment foxed dog-eared ink-stained gilt-edged water-stained yellow-paged
    slim thick clasped unbound marbled ribboned cloth-bound calf-bound blotted crumpled folded
    uncut red-ruled mildewed stitched-up loose-leaf thumbed""",
}
"""Material -> adjectives that agree with things made of it."""

USES = {
    "k": "cooking and eating",
    "w": "work",
    "s": "reading and measuring",
    "p": "a person's pocket or dress",
    "h": "rites and festivals",
    "o": "outdoors",
}

TRINKETS = """thimble:mp goblet:mk spindle:ww whistle:mo buckle:mp figurine:eh compass:ms
trowel:mo bobbin:ww medallion:mh funnel:mk mallet:ww inkwell:gs ladle:mk astrolabe:ms chalice:mh
hairpin:bp tankard:mk pestle:tk locket:mp plumbline:mw snuffbox:mp candlestick:mh sieve:mk
flask:gk brooch:mp penknife:ms scoop:wk abacus:ws hourglass:gs quill:bs button:bp pendant:gp
comb:bp spoon:wk saucer:ek glove:lp scarf:cp bonnet:cp apron:ck napkin:ck belt:lp purse:lp
sandal:lp bridle:lo thermometer:gs prism:gs beaker:gs tumbler:gk decanter:gk vial:gs
marble-ball:tp teacup:ek mug:ek mortar:tk tile:eo amulet:bh flute:wh rattle:wh drumstick:wh
ruler:ws pointer:ws set-square:ws bookend:ws rolling-pin:wk skewer:mk corkscrew:mk nutcracker:mk
grater:mk kettle:mk pepper-mill:wk butter-mould:wk egg-cup:ek jug:ek colander:mk chisel:mw
gouge:mw awl:mw rasp:mw pincers:mw clamp:mw spanner:mw hatchet:mo sickle:mo hoof-pick:mo
horseshoe:mo stirrup:mo fish-hook:mo dibber:wo watering-rose:mo plant-label:wo peg:wo paddle:wo
float:wo reel:ww shuttle:ww last:ww dowel:ww censer:mh handbell:mh crucifix:wh rosary:wh icon:wh
garland:ch stole:ch mask:lh puppet:wh banner-tip:mh monocle:gp hand-mirror:gp perfume-bottle:gp
fan:bp cufflink:bp toothpick:bp domino:bp chessman:bp tuning-fork:ms caliper:ms protractor:ms
weight:mw pulley:ww magnet:ms gnomon:ms seal-stamp:ms handkerchief:cp stocking:cp mitten:cp
nightcap:cp tea-towel:ck oven-cloth:ck pennant:ch sash:ch bootlace:lp watch-strap:lp
bellows-nozzle:mw tobacco-pouch:lp dog-collar:lo saddle-bag:lo sling:lo paperweight:gs
magnifier:gs lamp-glass:gw bottle-stopper:gk salt-cellar:gk vase:eh urn:eh flowerpot:eo
whetstone:tw doorstop:tw pipe-bowl:ep bead:tp die:bp knife-handle:bw spatula:wk tongs:mk"""

CONTAINERS = """chest:w casket:w crate:w coffer:w strongbox:m trunk:l cabinet:w hatbox:l drum:m
case:l caddy:m cupboard:w barrel:w satchel:l canister:m locker:m wardrobe:w jewel-box:w
tea-chest:w sea-chest:w toolbox:m breadbin:m money-box:m workbox:w suitcase:l"""

SURFACES = """table:w desk:w shelf:w pedestal:t counter:w sideboard:w lectern:w plinth:t
trestle:w workbench:w washstand:w stand:m dresser:w altar-stone:t tea-trolley:m mantelpiece:t
bench-top:w side-table:w rack:m writing-slope:w"""

FIXTURES = """stove:m statue:t loom:w anvil:m font:t sundial:t millstone:t cauldron:m capstan:w
boiler:m mangle:w bathtub:m flywheel:m headstone:t grindstone:t safe:m organ:w printing-stone:t
cider-press:w bell:m"""

LIGHTS = """lantern:m lamp:m candle-lantern:m oil-lamp:e storm-lamp:m hand-lamp:m
carriage-lamp:m safety-lamp:m night-light:e rush-lamp:m"""

WRITABLES = """slate-board:w blackboard:w noticeboard:w tablet:t screen:w banner:c panel:w
plaque:m signboard:w chalkboard:w guestbook:p pillar:t door-panel:w score-board:w wall-hanging:c"""

DOCUMENTS = """ledger journal almanac register logbook diary manifest letter chronicle codex
receipt inventory decree memoir charter treatise bulletin calendar psalter roster pamphlet
notebook scroll testament invoice dossier gazette handbook broadsheet daybook contract warrant
prospectus atlas scrapbook breviary leaflet survey bill catalogue"""

KEY_WORDS = """brass iron copper silver tin bronze pewter steel nickel gilded tarnished rusty
bent polished blackened hammered engraved dull burnished pitted short long-shanked notched
barrelled hollow bronze-bowed heart-bowed double-bitted toothed flat twisted skeleton ring-bowed
waxed forged filed red-ribboned blue-corded tagged worn square-bowed zinc green-corded tall
chased leaden ivory-bowed split cast three-toothed trefoil small-bowed fluted oiled tarred
slender thick yellow white-ribboned black-corded crooked scratched oval-bowed lion-headed
five-toothed enamelled mended plated chained star-bowed grey stubby hooked feathered crowned
gunmetal"""

DOORS = """door gate hatch grille portal wicket postern shutter barrier trapdoor half-door
screen-door lattice-gate swing-door bulkhead"""
DOOR_WORDS = """oaken iron studded green-painted red-painted narrow low ironbound panelled
latticed weathered barred carved arched blue-painted grey-painted white-painted black-painted
battered planked double riveted brass-plated leaded slatted"""

PARTS = """shaft:w blade:m lens:g frame:w handle:w socket:m wheel:w axle:m mouthpiece:b nozzle:m
spring:m dial:m strut:w hinge:m pane:g crank:m ratchet:m peg-row:w knob:b bracket:m"""
PRODUCTS = """spade:m spyglass:m barrow:w clarion:m clock:w scythe:m winch:m easel:w beacon:m
loom-comb:w music-box:w hand-pump:m sled:w weather-vane:m spinning-wheel:w"""
SIGNS = """tapestry:c mirror:g mosaic:e curtain:c relief:t bookcase:w portrait:w mural:w
tarpaulin:c frieze:t folding-screen:w stained-window:g arras:c wall-clock:w display-case:g"""

THEME_TRINKETS = {
    "monastery": """wine-cruet:gh wafer-iron:mk bell-clapper:mh psalter-strap:lh incense-boat:mh
    honey-dipper:wk bee-smoker:mw prayer-bead:bh hair-shirt:ch alms-bowl:wh holy-water-flask:gh
    altar-cloth:ch quill-knife:ms candle-mould:mw cowl:cp""",
    "observatory": """eyepiece:gs sextant:ms octant:ms lens-cloth:cs star-globe:ws sand-glass:gs
    level:ms micrometer:ms plumb-bob:ms dust-cover:cs barometer:ws finder-scope:ms slide-rule:ws
    dividers-case:ls mirror-blank:gs""",
    "harbour": """marlinspike:mw net-needle:bw cleat:mo oar-lock:mo tarpot:mw signal-flag:co
    fish-knife:mk bailer:wo boat-hook:wo caulking-iron:mw sou-wester:cp buoy-marker:wo
    oyster-knife:mk log-line:cw belaying-pin:wo""",
    "greenhouse": """seed-sower:mo plant-mister:go grafting-knife:mo bell-jar:go garden-glove:lo
    twine-ball:co rain-gauge:go pruning-hook:mo seed-tray:wo bulb-planter:mo moss-pole:wo
    soil-sieve:mo flower-press:ws bee-veil:co frame-hook:mo""",
    "mill": """flour-scoop:ww grain-probe:mw sack-hook:mw mill-bill:mw miller-hat:cp
    bolting-cloth:cw damsel:ww hopper-bell:mw meal-sieve:ww grease-pot:ew grain-measure:ww
    eel-spear:mo toll-dish:ww stone-pick:mw dust-mask:cw""",
    "inn": """beer-mug:ek tap-spile:wk boot-jack:wp warming-pan:mp dice-cup:lp toasting-fork:mk
    wine-funnel:mk nutmeg-grater:mk chamber-candlestick:mp card-box:wp bung:wk carving-fork:mk
    napkin-ring:bk bed-warmer:mp cider-cup:wk""",
    "theatre": """wig-block:wp stage-dagger:mh crown:mh powder-puff:cp thunder-sheet:mh
    opera-glass:gp spirit-gum-bottle:gp baton:wh ballet-shoe:lp false-nose:lp paint-palette:ww
    lime-tongs:mw megaphone:mh feather-boa:cp prompt-bell:mh""",
    "mine": """miner-hat:lw ore-hammer:mw blasting-horn:bw carbide-tin:mw rock-drill:mw
    tally-disc:mw wedge:mw assay-cup:ew gold-pan:mw canary-cage:mw knee-pad:lw water-flask:mw
    fuse-cutter:mw snap-tin:mk crystal-lump:ts""",
    "shipyard": """adze:mw auger:mw caulking-mallet:ww sail-palm:lw fid:bw spokeshave:ww
    bevel:ww chalk-line:cw rigging-knife:mw deadeye:ww treenail:ww pitch-ladle:mw plank-clamp:mw
    model-hull:ws serving-board:ww""",
    "printworks": """composing-stick:mw ink-ball:lw type-tweezers:mw brayer:ww burin:mw
    bone-folder:bw galley-tray:mw proof-hook:mw quoin:mw paper-knife:bs gilding-brush:ww
    wood-block:ww ink-knife:mw leather-apron-clasp:mw type-case-label:ww""",
}
"""Theme -> what is found in its rooms beside the things of every theme."""
