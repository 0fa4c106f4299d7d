"""A tiny loopback site that shows rebuilt images in the viewer under a strict content security policy."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from curation.imaging.protocol import Rebuilt

STATIC = Path(__file__).resolve().parents[3] / "static"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; "
    "font-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; object-src 'none'; "
    "require-trusted-types-for 'script'"
)
PAGE = """<!doctype html><html lang="en"{theme}><head><title>Viewer</title><meta charset="utf-8">
<link rel="stylesheet" href="/static/css/tokens.css">
<link rel="stylesheet" href="/static/css/base.css">
<link rel="stylesheet" href="/static/viewer/viewer.css"><link rel="stylesheet" href="/page.css">
<script type="module" src="/static/viewer/viewer.js"></script>
<script type="module" src="/page.js"></script></head>
<body><button id="before">before</button>{viewer}<p id="votes"></p></body></html>"""
PAGE_CSS = "body { margin: 1rem; } image-viewer { --viewer-height: 42rem; }"
# What a voting page does: it listens for keys and keeps what the viewer reports.
PAGE_JS = """
window.seen = []; window.votes = []; window.violations = [];
addEventListener("keydown", ({ key }) => key === "Shift" || window.votes.push(key));
addEventListener("viewer:seen", ({ detail }) => {
  window.seen.push(detail);
  document.querySelector("#votes").textContent = `frames seen: ${detail.frames.length}`;
});
addEventListener("securitypolicyviolation", (event) => window.violations.push(event.violatedDirective));
"""
TYPES = {
    ".js": "text/javascript",
    ".css": "text/css",
    ".bin": "application/octet-stream",
    ".png": "image/png",
}


def manifest(image: Rebuilt, **changes: Any) -> dict[str, Any]:
    """What the application's view tells the viewer."""
    facts = image.report()["facts"]
    names = ("kind", "rows", "columns", "slope", "intercept", "inverted", "window", "presets", "spacing")
    more = ("spacing_meaning", "aspect", "orientation", "laterality")
    place = f"/images/{image.file_index}"
    return (
        {name: facts[name] for name in (*names, *more)}
        | {"id": image.file_index, "frames": [f"{place}/{frame.name}" for frame in image.frames]}
        | {"label": f"{facts['modality']} {image.file_index + 1}", "alt": "an image of the tests"}
        | {"thumb": f"{place}/thumb.png"}
        | changes
    )


@dataclass
class Site:
    """The running site: `files` are served, `asked` are the paths asked for, `broken` ones answer 500."""

    base: str
    files: dict[str, bytes] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    broken: set[str] = field(default_factory=set)

    def publish(self, images: list[Rebuilt], *, theme: str = "", **changes: Any) -> str:
        """Serve `images` and return the address of a page with a viewer of all of them."""
        for image in images:
            place = f"/images/{image.file_index}"
            self.files[f"{place}/manifest/"] = json.dumps(manifest(image, **changes)).encode()
            for path in image.folder.iterdir():
                self.files[f"{place}/{path.name}"] = path.read_bytes()
        sources = " ".join(f"/images/{image.file_index}/manifest/" for image in images)
        viewer = f'<image-viewer data-src="{sources}"></image-viewer>'
        attribute = f' data-theme="{theme}"' if theme else ""
        self.files["/page/"] = PAGE.format(viewer=viewer, theme=attribute).encode()
        return f"{self.base}/page/"

    def content(self, path: str) -> bytes | None:
        if path.startswith("/static/"):
            file = STATIC / path.removeprefix("/static/")
            return file.read_bytes() if file.is_file() else None
        return {"/page.css": PAGE_CSS.encode(), "/page.js": PAGE_JS.encode(), "/favicon.ico": b" "}.get(
            path
        ) or self.files.get(path)


class Server(ThreadingHTTPServer):
    request_queue_size = 128  # the browser asks for eleven frames at once


@contextmanager
def serving() -> Iterator[Site]:
    site = Site(base="")

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            site.asked.append(self.path)
            content = site.content(self.path)
            self.send_response(500 if self.path in site.broken else 404 if content is None else 200)
            html = "text/html; charset=utf-8" if self.path.endswith("page/") else "application/json"
            self.send_header("Content-Type", TYPES.get(Path(self.path).suffix, html))
            self.send_header("Content-Security-Policy", POLICY)
            self.send_header("X-Content-Type-Options", "nosniff")
            self.send_header("Cache-Control", "private, no-store")
            self.end_headers()
            self.wfile.write(content or b"")

        def log_message(self, *arguments: Any) -> None:
            """Say nothing."""

    server = Server(("127.0.0.1", 0), Handler)
    site.base = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield site
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
