"""The application of the browser tests: Consilium with the test kind.

RACE_SLOW: seconds that every change in the database takes longer, as on a busy disk.
"""

import os
import time
from typing import Any

from tests.workqueue import race

race.start()

from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.db.backends.signals import connection_created  # noqa: E402


def slowly(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
    """Run a statement; one that changes something takes its time."""
    if not sql.startswith("SELECT"):
        time.sleep(float(os.environ["RACE_SLOW"]))
    return execute(sql, params, many, context)


def slow_down(connection: Any, **_: Any) -> None:
    """Make a new connection slow."""
    connection.execute_wrappers.append(slowly)


if os.environ.get("RACE_SLOW"):
    connection_created.connect(slow_down)

application = get_wsgi_application()
