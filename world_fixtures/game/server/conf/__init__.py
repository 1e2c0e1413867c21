"""Configuration that Evennia reads by module path."""
