"""The service inside the Evennia Server that rollouts talk to."""
