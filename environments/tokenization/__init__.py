"""From conversations to training sequences."""
