"""What a telnet or web client sees before log-in."""

CONNECTION_SCREEN = """
|wEvennia World Fixtures|n
The world in which agents are trained, open for a walk.

  create <name> <password>    make an account
  connect <name> <password>   come in
"""
