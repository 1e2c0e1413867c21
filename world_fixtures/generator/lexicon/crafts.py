"""What machines take and make, and the rooms that are open at hours only."""

from __future__ import annotations

MACHINES = """kiln still press loom churn retort furnace vat crucible mangle alembic distiller
roaster smelter mortar stamper grinder fermenter boiler spinner calender winnower steamer sifter
digester evaporator percolator centrifuge bellows condenser"""
STUFFS = """clay ash resin beeswax tallow madder woad saffron saltpetre vitriol alum gypsum amber
charcoal lye oakgall turpentine linseed rosin shellac tartar borax cinnabar ochre umber verdigris
indigo cochineal camphor myrrh frankincense benzoin juniper hyssop tansy wormwood valerian
comfrey feverfew mugwort chalk marl potash quicklime pewter bismuth antimony brimstone isinglass
gelatine hartshorn spermaceti pumice talc mica kelp lichen sumac walnut-husk galbanum storax
manna copperas litharge realgar orpiment calomel nitre natron sepia bistre gamboge annatto
barberry weld safflower cudbear archil catechu kino fustic logwood brazilwood sandalwood cassia"""
WARES = """varnish salve tincture glaze soap dye cordial ink pigment cement balm lacquer enamel
vinegar candlewax mordant elixir liniment plaster paste syrup polish solder primer sealant gum
flux size tonic ointment starch perfume mastic putty bitters distillate"""
STORES = """bonded-store ice-cellar tithe-loft custom-house bullion-room seed-vault map-store
weighing-room muniment-room relic-room spice-store powder-room stamp-office assay-room
deed-room coin-room model-room chart-vault oil-store tool-bank sample-room type-store
proof-room record-vault plate-room"""
GATES = """wicket grille portcullis turnstile shutter lattice sallyport half-gate drop-gate
barrier hatch postern lift-gate slide-gate stile-gate swing-gate rail-gate chain-gate iron-gate
bar-gate roller-gate side-gate bridge-gate tower-gate water-gate"""
