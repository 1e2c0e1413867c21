"""What a rollout leaves, and the formats it is exported to."""
