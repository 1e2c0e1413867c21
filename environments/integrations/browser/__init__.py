"""Tasks for a person at a page in their browser: what agents are told and shown, typed by hand.

`seat.py` knows what the person sees and may do, `server.py` serves the page on loopback, and
`session.py` plays a suite and keeps it as a run of the model `human/NAME`.
"""
