"""The model of a rollout: how it is asked, and how much room a conversation has."""

from environments.models.chat import Chat, ChatServer

__all__ = ["TOKEN_SERVER_TYPES", "Chat", "ChatServer"]

TOKEN_SERVER_TYPES = ("vllm", "sglang")
"""Server types that give tokens and log-probabilities."""
