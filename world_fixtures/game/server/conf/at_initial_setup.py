"""Nothing to set up: the shared world is made by `at_server_startstop` when it is missing."""
