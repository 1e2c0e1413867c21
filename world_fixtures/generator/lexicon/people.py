"""Names and trades of people."""

from __future__ import annotations

WOMEN = """Alma Cecily Edda Greta Ines Leonie Nerea Petra Rosalind Thea Vesna Xenia Agathe
Beatrix Clementine Dagny Elspeth Fenna Gudrun Hedwig Ilse Jorunn Katinka Ludmila Mirabel
Ottoline Philippa Ragna Sidonie Tabitha Ursel Wilhelmina Yvaine Zelda Annika Brigid Cosima
Delphine Eulalia Frieda Gisela Henrike Isolde Josefa Kirsten Liselotte Marit Nadia Odile
Perpetua Renske Sunniva Tilda Una Verena Winifred Amabel Birgit Corisande Dorothea"""

MEN = """Bertram Dorian Florian Henrik Kaspar Magnus Oskar Quirin Stellan Ulrich Wendel Yorick
Anselm Balthasar Cornelius Dietmar Emmerich Ferdinand Gideon Hubert Ignatius Jasper Konrad
Leander Matthias Nikolai Osbert Percival Roderick Sigurd Tobias Ulfric Valentin Waldemar Ambrose
Benedikt Caspian Dunstan Eberhard Fridolin Gottfried Horatio Ivar Joachim Klemens Lorenz
Meinhard Norbert Oswin Philemon Rupert Silas Thaddeus Urban Vinzenz Wolfram Alaric Bartholomew
Crispin Desmond"""

SURNAMES = """Abendroth Birchall Calloway Dunmore Eastlake Fairweather Grimsby Holloway Ingham
Jessop Kettering Lindqvist Marlowe Norgaard Osterley Pemberton Quillfeather Ravenscroft Stillman
Thornbury Underhill Vantongeren Whitlock Yarrow Zimmerle Ashcombe Blackwood Crowhurst Dahlgren
Elphinstone Fennimore Garrick Hartwell Isherwood Janssen Kirkbride Langstaff Mottram Nightingale
Oldcastle Penrose Quarrington Rosewarne Sedgwick Tremayne Uffington Venables Wainwright
Yelverton Zeller Applegarth Brackenbury Chaloner Drinkwater Everard Fothergill Godolphin
Hawksworth Illingworth Jekyll Kingsley Lockhart Merriweather Netherby Ormerod Peverell Quennell
Rowntree Satterthwaite Tunstall Urquhart Vavasour Wetherby Youngblood Zouche Arkwright
Bellingham Copplestone Daventry Entwistle"""

TRADES = """baker cooper carter mason glazier weaver saddler thatcher tinker chandler fuller
tanner cobbler hatter potter brewer smith wheelwright locksmith clockmaker bookbinder papermaker
engraver copyist notary surveyor gardener fowler cheesemaker basket-weaver rope-walker tiler
joiner turner farrier cutler dyer furrier glover seamstress laundress midwife apothecary barber
schoolmaster fiddler piper watchman messenger porter"""

THEME_TRADES = {
    "monastery": """beekeeper bell-founder illuminator almoner cellarer herbalist candlemaker
    organist psalmist gravedigger sexton gatekeeper vintner parchment-maker infirmarian""",
    "observatory": """lens-grinder mirror-polisher chartmaker astronomer computer-of-tables
    calibrator instrument-maker dome-keeper timekeeper almanac-maker weather-observer
    draughtsman optician mathematician plate-developer""",
    "harbour": """pilot netmaker sailmaker lighterman harbourmaster stevedore fishmonger salter
    lighthouse-keeper tide-waiter boatman oyster-dredger ferryman customs-officer block-maker""",
    "greenhouse": """orchid-grower seedsman grafter fern-collector vine-dresser boiler-tender
    mushroom-grower rose-breeder botanist tree-surgeon flower-painter bulb-grower moss-gatherer
    nurseryman pot-thrower""",
    "mill": """miller millwright stone-dresser sack-mender flour-dealer sifter grain-weigher
    weir-keeper eel-catcher oat-roller corn-factor hopper-boy bolter leat-digger barley-buyer""",
    "inn": """innkeeper ostler cook tapster chambermaid pot-boy storyteller cider-maker coachman
    card-player spit-turner cellarman postilion scullion ballad-singer""",
    "theatre": """scene-painter prompter wig-maker stagehand costumier lamplighter playwright
    trap-operator mask-maker understudy ticket-seller conductor property-master puppeteer
    thunder-maker""",
    "mine": """pitman hewer assayer timberman winder pump-tender shaft-sinker ore-sorter
    lamp-trimmer blaster mule-driver smelter mine-surveyor barrowman cage-keeper""",
    "shipyard": """shipwright caulker rigger sawyer figurehead-carver pitch-boiler loftsman
    blacksmith anchor-smith treenail-maker oakum-picker mast-maker launch-master plank-steamer
    ship-chandler""",
    "printworks": """compositor pressman type-founder proof-reader ink-maker woodcutter
    lithographer bookseller paper-marbler gilder newsmonger map-printer colourist stitcher
    music-engraver""",
}
"""Theme -> the trades of its people. Each list has the same number of words for each split."""

GOODS = {
    "monastery": """candles psalters loaves robes bells cheeses sandals wafers hymnals lanterns""",
    "observatory": """lenses plates sextants prisms tables charts mirrors screws quadrants
    clocks""",
    "harbour": """barrels ropes herrings anchors sails oars buoys crates nets lobsters""",
    "greenhouse": """seeds panes bulbs cuttings pots melons ferns labels stakes lilies""",
    "mill": """sacks millstones loaves shovels sieves eels hoops cogs measures bushels""",
    "inn": """bottles tankards eggs sheets geese pies candles hams saddles spoons""",
    "theatre": """tickets masks costumes wigs lamps curtains fiddles scripts swords feathers""",
    "mine": """picks props lamps buckets wedges barrows ingots chisels ladders charges""",
    "shipyard": """planks bolts masts treenails blocks ribs pitch-pots sails wedges rudders""",
    "printworks": """sheets type-cases pamphlets inks woodcuts reams almanacs posters blocks
    maps""",
}

DAYS = """Monday Tuesday Wednesday Thursday Friday Saturday Sunday"""
