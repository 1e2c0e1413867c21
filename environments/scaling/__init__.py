"""Hosts: processes here or on other machines that play what they are given, and may be lost.

A host is one program with an event loop of its own. What it plays is no matter here: orders and
results are plain data, which whoever starts the hosts understands.
"""
