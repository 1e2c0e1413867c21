"""What a spectator's client may ask for: to type a line, and to set how text is shown to it.

Evennia calls each function of this module by the name that a client sends. Its own functions
hand a client's keywords on to the command handler, and keep a client's data in the database.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from evennia.server import inputfuncs


def text(session: Any, *args: Any, **kwargs: Any) -> None:
    """Carry out a line that was typed."""
    if args and isinstance(args[0], str):
        inputfuncs.text(session, args[0])


def client_options(session: Any, *args: Any, **kwargs: Any) -> None:
    """Set how text is shown, where the values are of use."""
    plain = {k: v for k, v in kwargs.items() if isinstance(v, (str, int, bool))}
    try:
        inputfuncs.client_options(session, **plain)
    except (ValueError, OverflowError):
        return


def webclient_options(session: Any, *args: Any, **kwargs: Any) -> None:
    """Answer with the web client's defaults; nothing is kept."""
    session.msg(webclient_options=dict(settings.WEBCLIENT_OPTIONS))


def default(session: Any, cmdname: str, *args: Any, **kwargs: Any) -> None:
    """Do nothing on anything else."""
