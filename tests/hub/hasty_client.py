"""`python -m tests.hub.hasty_client`: the Hub's client, which waits a twentieth of the time between tries.

What it asks, in which order and how often is as ever.
"""

import time
from types import SimpleNamespace

from huggingface_hub.utils import _http

from consilium.hub import calls, client

FASTER = 20


def main() -> None:
    """Answer calls until standard input ends."""
    setattr(calls, "WAITS", tuple(wait / FASTER for wait in calls.WAITS))  # noqa: B010 - it is Final
    own = {name: getattr(time, name) for name in dir(time)}
    hasty = SimpleNamespace(**own | {"sleep": lambda wait: time.sleep(wait / FASTER)})
    setattr(_http, "time", hasty)  # noqa: B010 - the library's own
    client.main()


if __name__ == "__main__":
    main()
