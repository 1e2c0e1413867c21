"""Errors of both packages. Loads nothing: help and usage errors are to be quick."""

from __future__ import annotations


class UserError(Exception):
    """Bad input. The message is one line (or one a problem): what is wrong and what to do.

    The command line prints it without a traceback and exits with 2.
    """


class WorldError(Exception):
    """The world server refused a request; `code` is a `protocol.ErrorCode`."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class WorldLost(Exception):
    """The world server died, hung or went out of reach: what was played there is void."""
