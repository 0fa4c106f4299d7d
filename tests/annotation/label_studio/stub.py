"""A Label Studio on loopback that replays what version 1.23.2 answered (recorded.json), with its own state.

It stores whatever it is sent, as the real one does. `faults` are taken one per import: "lost" stores the
tasks and cuts the connection, "500" and "302" store nothing.
"""

import json
import threading
from collections.abc import Sequence
from copy import deepcopy
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import parse_qs, urlsplit

RECORDED: dict[str, Any] = json.loads((Path(__file__).parent / "recorded.json").read_text())
TOKEN = "canary-token-5d1f0c77"


class LabelStudioStub:
    """`with LabelStudioStub() as stub:`; `seen` are all requests as (method, path)."""

    def __init__(self) -> None:
        self.projects: list[dict[str, Any]] = []
        self.tasks: list[dict[str, Any]] = []
        self.annotations = 0
        self.faults: list[str] = []
        self.seen: list[tuple[str, str]] = []
        stub = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                stub.answer(self, "GET")

            def do_POST(self) -> None:
                stub.answer(self, "POST")

            def log_message(self, *args: Any) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> "LabelStudioStub":
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def annotate(self, task: dict[str, Any], user: int, result: Sequence[Any], **more: Any) -> dict[str, Any]:
        """What a person of that number sends from the browser; nothing is checked."""
        self.annotations += 1
        made: dict[str, Any] = deepcopy(RECORDED["annotation"]) | {
            "id": self.annotations,
            "completed_by": user,
        }
        made |= {"result": list(result), "task": task["id"], "project": task["project"], **more}
        task["annotations"].append(made)
        return made

    def export(self) -> list[dict[str, Any]]:
        """The JSON export of everything."""
        (frame,) = RECORDED["export"]
        return [deepcopy(frame) | {key: task[key] for key in task} for task in self.tasks]

    def answer(self, handler: BaseHTTPRequestHandler, method: str) -> None:
        """One request."""
        length = int(handler.headers.get("Content-Length") or 0)
        body: Any = json.loads(handler.rfile.read(length)) if length else None
        self.seen.append((method, handler.path))
        if handler.headers.get("Authorization") != f"Token {TOKEN}":
            return self._send(handler, 401, RECORDED["bad_token"])
        parts = urlsplit(handler.path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        words = parts.path.strip("/").split("/")
        if words == ["api", "users"]:
            return self._send(handler, 200, RECORDED["users"])
        if words == ["api", "projects"]:
            return self._on_projects(handler, method, body, query)
        if words == ["api", "tasks"]:
            return self._on_tasks(handler, query)
        assert words[3:] == ["import"], handler.path
        return self._on_import(handler, int(words[2]), body)

    def _on_projects(
        self, handler: BaseHTTPRequestHandler, method: str, body: Any, query: dict[str, str]
    ) -> None:
        if method == "GET":
            found = [each for each in self.projects if query["title"] in each["title"]]
            return self._send(
                handler, 200, RECORDED["projects"] | {"count": len(found), "results": found, "next": None}
            )
        made = deepcopy(RECORDED["project"]) | body | {"id": len(self.projects) + 1}
        self.projects.append(made)
        return self._send(handler, 201, made)

    def _on_import(self, handler: BaseHTTPRequestHandler, project: int, body: list[dict[str, Any]]) -> None:
        fault = self.faults.pop(0) if self.faults else ""
        if fault == "500":
            return self._send(handler, 500, {"detail": f"it broke on {TOKEN}"})
        if fault == "302":
            handler.send_response(302)
            handler.send_header("Location", "http://127.0.0.1:9/elsewhere")
            handler.send_header("Content-Length", "0")
            handler.end_headers()
            return None
        numbers = []
        for each in body:
            task = deepcopy(RECORDED["annotated_page"]["tasks"][0]) | {"annotations": [], "project": project}
            task |= {"id": len(self.tasks) + 1, "data": each["data"]}
            self.tasks.append(task)
            numbers.append(task["id"])
        if fault == "lost":
            handler.close_connection = True
            handler.connection.close()
            return None
        return self._send(handler, 201, RECORDED["imported"] | {"task_ids": numbers})

    def _on_tasks(self, handler: BaseHTTPRequestHandler, query: dict[str, str]) -> None:
        project = int(query["project"])
        if not any(each["id"] == project for each in self.projects):
            return self._send(handler, 404, RECORDED["no_project"])
        found = [task for task in self.tasks if task["project"] == project]
        if "query" in query:
            found = [task for task in found if any(not one["was_cancelled"] for one in task["annotations"])]
        size, page = int(query["page_size"]), int(query["page"])
        shown = found[(page - 1) * size : page * size]
        if page > 1 and not shown:
            return self._send(handler, 404, RECORDED["beyond_last_page"])
        if query["fields"] != "all":
            shown = [{key: task[key] for key in task if key != "annotations"} for task in shown]
        return self._send(handler, 200, RECORDED["page"] | {"tasks": shown, "total": len(found)})

    def _send(self, handler: BaseHTTPRequestHandler, status: int, body: Any) -> None:
        raw = json.dumps(body).encode()
        handler.send_response(status)
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Content-Length", str(len(raw)))
        handler.end_headers()
        handler.wfile.write(raw)
