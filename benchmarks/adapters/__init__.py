"""What a step through the frameworks costs."""
