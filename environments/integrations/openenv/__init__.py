"""This world as an OpenEnv environment: a server of sessions, its client, and a package to publish.

`environment.py` is one session, `shared.py` what the sessions of a server share, `tasks.py` which
task a reset begins, `app.py` the application and `serving.py` the program around it. `models.py`
and `client.py` are what a trainer imports; they load nothing of the server. Needs the extra
`openenv`, which does not go with the extras `mcp` and `verifiers`.
"""
