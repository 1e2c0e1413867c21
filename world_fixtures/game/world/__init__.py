"""The shared world that people meet after `evennia start`."""
