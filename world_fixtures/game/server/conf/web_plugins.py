"""Evennia's hooks for the web server: nothing is added to it."""

from __future__ import annotations

from typing import Any


def at_webserver_root_creation(web_root: Any) -> Any:
    """Leave the web server's root as it is (Evennia's hook)."""
    return web_root


def at_webproxy_root_creation(web_root: Any) -> Any:
    """Leave the web proxy's root as it is (Evennia's hook)."""
    return web_root
