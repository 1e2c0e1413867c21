"""What a spectator sees before log-in."""

CONNECTION_SCREEN = """
|wA world in which agents are at work.|n

  connect spectator PASSWORD    the password was printed when the run was started
"""
