"""`python -m consilium.hub.client`: the one process in which huggingface_hub runs. No Django, no database.

The first line of standard input is the address and the token, each further line one call; each answer is one
line of JSON: `progress` (bytes), then `done`, `refused`, `moved` or `away`. Nothing else is written, and
nothing about the token is: neither an argument nor the environment holds it.
"""

import json
import os
import resource
import sys
import threading
import time
from typing import IO, Any, Final

from consilium.hub.address import HubAddress
from consilium.refusals import Refused

TOLD_SECONDS: Final = 0.2


class _Teller:
    """Writes answers; bytes at most five times a second."""

    def __init__(self, out: IO[str]) -> None:
        self._out = out
        self._lock = threading.Lock()  # files go up in several threads
        self._bytes, self._told_at = 0, 0.0

    def tell(self, **answer: Any) -> None:
        with self._lock:
            self._out.write(json.dumps(answer) + "\n")
            self._out.flush()

    def count(self, passed: int) -> None:
        """More bytes of a file have passed."""
        self.at(self._bytes + passed)

    def at(self, passed: int, *, surely: bool = False) -> None:
        """So many bytes have passed in all."""
        self._bytes = passed
        if surely or time.monotonic() - self._told_at >= TOLD_SECONDS:
            self._told_at = time.monotonic()
            self.tell(progress=self._bytes)


def main() -> None:
    """Answer calls until standard input ends."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a core file would hold the token
    # What the library prints is no answer: it goes where nobody reads it.
    teller = _Teller(os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8"))
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    head = json.loads(sys.stdin.readline())
    address = HubAddress(head["endpoint"], tuple(head["storage"]), head["seconds"])

    from huggingface_hub import HfApi, set_client_factory

    from consilium.hub.calls import CALLS, BranchMoved, told
    from consilium.hub.wire import new_session

    set_client_factory(lambda: new_session(address, teller.count))
    api = HfApi(endpoint=address.endpoint, token=head["token"] or False, library_name="consilium")
    for line in sys.stdin:
        call = json.loads(line)
        try:
            teller.at(0)
            teller.tell(done=CALLS[call.pop("call")](api, teller.at, **call))
        except BranchMoved:
            teller.tell(moved=True)
        except Refused as refusal:
            teller.tell(refused=str(refusal))
        except Exception as problem:
            teller.tell(**told(problem))


if __name__ == "__main__":
    main()
