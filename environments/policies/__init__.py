"""Embedded policies: agents in code, with perfect knowledge, with none, or cheating."""

from environments.policies.policy import Move, Policy, View
from environments.policies.registry import get_policy, list_policies

__all__ = ["Move", "Policy", "View", "get_policy", "list_policies"]
