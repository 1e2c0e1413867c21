"""The words that worlds are made of. Every list is divided among the splits by position."""
