"""The model of a rollout: requests to endpoints, and the `Chat` through which it is asked."""

from environments.models.address import host, shown
from environments.models.chat import Chat, ChatServer, TokenBudget
from environments.models.server_types import TOKEN_SERVER_TYPES

__all__ = ["TOKEN_SERVER_TYPES", "Chat", "ChatServer", "TokenBudget", "host", "shown"]
