"""The world for other programs; each module stands alone."""
