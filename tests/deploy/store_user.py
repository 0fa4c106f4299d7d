"""The store's user and bucket: `python -m tests.deploy.store_user PORT` on its host prints the key."""

import json
import sys

from tests.harness.object_store import answers, with_user
from tests.harness.servers import wait_until


def main(port: int) -> None:
    wait_until(lambda: answers(port), seconds=60, what="the object store answers")
    made = with_user(port)
    said = {"AWS_ACCESS_KEY_ID": made.key_id, "AWS_SECRET_ACCESS_KEY": made.secret}
    sys.stdout.write(json.dumps(said) + "\n")


if __name__ == "__main__":
    main(int(sys.argv[1]))
