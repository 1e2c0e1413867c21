"""The application that `openenv.yaml` names, and the server as a program."""

from environments.integrations.openenv.__main__ import main
from environments.integrations.openenv.serving import Serving, app_of, shared_of

app = app_of(shared_of(Serving()), Serving())

if __name__ == "__main__":
    raise SystemExit(main())
