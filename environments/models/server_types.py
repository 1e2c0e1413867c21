"""Kinds of model servers that Atropos knows, by what their answers hold."""

from __future__ import annotations

TOKEN_SERVER_TYPES = ("vllm", "sglang")
"""Server types whose answers hold tokens and log-probabilities."""
