"""The world's side: what a world is, how one is served, how one is reached."""
