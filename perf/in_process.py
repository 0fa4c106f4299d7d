"""The product in this process: an installation of its own, and requests straight to its WSGI application."""

import io
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from wsgiref.util import setup_testing_defaults

import django
from processes import ROOT
from wire import Answer, keep_cookies


@contextmanager
def installation(database: str = "", checkout: Path = ROOT) -> Iterator[Path]:
    """An empty data folder, migrated, for this process; `database`: a PostgreSQL URL, empty for SQLite."""
    with tempfile.TemporaryDirectory(prefix="consilium-perf-") as folder:
        os.environ |= {"CONSILIUM_HOME": folder, "DATABASE_URL": database, "OMP_NUM_THREADS": "1"}
        os.environ |= {"DJANGO_SETTINGS_MODULE": "consilium.settings", "CONSILIUM_LOG_LEVEL": "WARNING"}
        os.environ["CONSILIUM_RATES"] = "submit=1000000/1 call=1000000/1"  # faster than any person may
        sys.path.insert(0, str(checkout.resolve()))
        django.setup()
        from django.core.management import call_command

        call_command("migrate", verbosity=0)
        yield Path(folder)


class InProcess:
    """As Wire, but without a server: the seconds of its answers are CPU seconds of the application alone."""

    port = 80

    def __init__(self, cookies: dict[str, str]) -> None:
        from consilium.wsgi import application

        self.cookies, self._application = dict(cookies), application

    def ask(self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None) -> Answer:
        """Send one request (`body` as JSON) and read the whole answer."""
        payload = b"" if body is None else json.dumps(body).encode()
        place, _, query = path.partition("?")
        environ: dict[str, Any] = {
            "REQUEST_METHOD": method, "PATH_INFO": place, "QUERY_STRING": query, "REMOTE_ADDR": "127.0.0.1",
            "HTTP_HOST": f"127.0.0.1:{self.port}", "SERVER_NAME": "127.0.0.1",
            "CONTENT_TYPE": "application/json", "CONTENT_LENGTH": str(len(payload)),
            "HTTP_COOKIE": "; ".join(f"{name}={value}" for name, value in self.cookies.items()),
            "wsgi.input": io.BytesIO(payload),
        }  # fmt: skip
        for name, value in (headers or {}).items():
            environ[f"HTTP_{name.upper().replace('-', '_')}"] = value
        setup_testing_defaults(environ)
        said: list[Any] = []

        def start(status: str, answered: list[tuple[str, str]], *_: Any) -> Callable[[bytes], object]:
            said.extend((status, answered))
            return said.append

        began = time.process_time()
        parts = self._application(environ, start)
        content = b"".join(parts)
        parts.close()  # what ends a request happens here
        seconds = time.process_time() - began
        status, answered = said
        keep_cookies(self.cookies, answered)
        named = {name.lower(): value for name, value in answered}
        return Answer(int(status.split()[0]), named, content, seconds)

    def close(self) -> None:
        """Nothing to hang up."""
