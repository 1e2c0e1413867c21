"""What happened in the world, as training data: one trace a session, in a tree of days."""
