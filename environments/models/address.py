"""Addresses of model endpoints, and what of them may be written anywhere."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

NO_KEY = "none"
"""Stands for a missing API key: the openai client rejects an empty one."""


def host(url: str) -> str:
    """Return the host of an endpoint's address: all of it that results name."""
    return urlsplit(url).hostname or ""


def shown(url: str) -> str:
    """Return an address without the user and password it may hold."""
    return re.sub(r"//[^/@]*@", "//", url)
