"""Training sequences from conversations: chat templates, special tokens, masks.

Importing it loads no transformers.
"""

from environments.tokenization.sequences import (
    TrainingSequence,
    sequences_from_messages,
    sequences_from_nodes,
)
from environments.tokenization.special_tokens import escape_special_tokens

__all__ = [
    "TrainingSequence",
    "escape_special_tokens",
    "sequences_from_messages",
    "sequences_from_nodes",
]
