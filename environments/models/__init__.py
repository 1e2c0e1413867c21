"""The model of a rollout: how it is asked, and how much room a conversation has."""

from environments.models.address import host, shown
from environments.models.chat import Chat, ChatServer, TokenBudget
from environments.models.server_types import TOKEN_SERVER_TYPES

__all__ = ["TOKEN_SERVER_TYPES", "Chat", "ChatServer", "TokenBudget", "host", "shown"]
