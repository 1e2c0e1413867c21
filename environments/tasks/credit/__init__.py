"""Credit: what each decision of a rollout cost, as far as it could be known. Pure."""
