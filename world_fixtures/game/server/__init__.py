"""Settings, services and logs of the server, as Evennia lays them out."""
