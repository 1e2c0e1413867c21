"""Addresses and keys of model endpoints, and what of them may be written anywhere."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

NO_KEY = "none"
"""Stands for a missing API key: the openai client rejects an empty one."""
MIN_KEY = 6
"""Characters; what is shorter, such as `none` or `x`, stands for no key."""


def host(url: str) -> str:
    """Return the host of an endpoint's address: all of it that results name."""
    return urlsplit(url).hostname or ""


def shown(url: str) -> str:
    """Return an address without the user and password it may hold."""
    return re.sub(r"//[^/@]*@", "//", url)


def without_key(text: str, key: str | None) -> str:
    """Return what an endpoint said without the API key, which some repeat; cut it afterwards."""
    return text.replace(key, "(hidden)") if key and len(key) >= MIN_KEY else text
