"""A small application that says what it got, and a worker whose patience a test can wait for."""

from collections.abc import Callable, Iterable
from typing import Any

from consilium.web_server import client_socket, worker

BIG = b"0123456789abcdef" * (1 << 18)


class HastyWorker(worker.WebWorker):
    """The worker that is shipped, with deadlines of a moment."""

    def init_process(self) -> None:
        worker.HEAD_SECONDS = worker.BODY_SECONDS = 0.4  # type: ignore[misc]
        worker.LINGER_SECONDS = 0.4  # type: ignore[misc]
        worker.SWEEP_SECONDS = 0.1  # type: ignore[misc]
        client_socket.START_SECONDS = 0.4  # type: ignore[misc]
        client_socket.PAUSE_SECONDS = 0.4  # type: ignore[misc]
        super().init_process()


def application(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
    """/read: the body's length · /big: 4 MB · /file: the same as a file · /environ: the headers."""
    path, headers = environ["PATH_INFO"], [("Content-Type", "text/plain")]
    if path == "/file":
        file = open(environ["HTTP_FILE"], "rb")  # noqa: PTH123, SIM115
        start("200 OK", [*headers, ("Content-Length", str(len(BIG)))])
        return environ["wsgi.file_wrapper"](file, 4096)  # type: ignore[no-any-return]
    if path == "/read":
        answer = f"{len(environ['wsgi.input'].read(int(environ.get('CONTENT_LENGTH') or 0)))} bytes".encode()
    elif path == "/environ":
        answer = "".join(
            f"{name}={environ[name]}\n" for name in sorted(environ) if name.startswith("HTTP_")
        ).encode()
    elif path == "/big":
        answer = BIG
    else:
        answer = f"{environ['REQUEST_METHOD']} {environ['REMOTE_ADDR']} {environ['wsgi.url_scheme']}".encode()
    start("200 OK", [*headers, ("Content-Length", str(len(answer)))])
    return [answer]
