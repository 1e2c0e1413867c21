"""The model of a rollout: how it is asked, and how much room a conversation has."""
