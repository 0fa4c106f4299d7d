"""A Hub on loopback that speaks what huggingface_hub 1.33 asks of it, in threads, and misbehaves on demand.

Repositories are commits over trees, as git has them; large files go through the LFS batch endpoint to a
storage of its own address. `faults` sees every request before and after it is carried out.
"""

import base64
import hashlib
import json
import re
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any
from urllib.parse import unquote, urlsplit

from consilium.hub.address import HubAddress

TOKEN = "hf_" + "CanaryOfTheTestsWhichIsFoundNowhere"[:34]
OWNER = "clinic"
ATTRIBUTES = b"*.parquet filter=lfs diff=lfs merge=lfs -text\n"
LARGE = (".parquet", ".safetensors", ".png")
ACTS = (
    "whoami", "repos/create", "preupload", "objects/batch", "/storage/", "/verify/", "/tag/", "/commits/",
    "/commit/", "/settings", "/refs", "/tree/", "/resolve/", "validate-yaml",
)  # fmt: skip


@dataclass(frozen=True)
class Fault:
    """What happens instead of an answer: a status, a cut connection, silence; `after` the act or before."""

    status: int = 0
    retry_after: str = ""
    is_cut: bool = False
    hangs: float = 0.0
    after: bool = False
    headers: tuple[tuple[str, str], ...] = ()


@dataclass
class Asked:
    """One request as it came."""

    number: int
    method: str
    path: str
    token: str

    @property
    def act(self) -> str:
        """What it is about, in a word."""
        for word in ACTS:
            if word in self.path:
                return word.strip("/")
        return "info"


@dataclass(frozen=True)
class Stored:
    """One file of a tree."""

    size: int
    blob: str
    sha256: str


@dataclass(frozen=True)
class Commit:
    """One commit of the branch main."""

    sha: str
    title: str
    tree: dict[str, Stored]


@dataclass
class Repository:
    """One repository; new ones have a commit with the Hub's own file."""

    name: str
    kind: str
    private: bool
    gated: Any = False
    commits: list[Commit] = field(default_factory=list)
    tags: dict[str, str] = field(default_factory=dict)

    @property
    def head(self) -> Commit:
        return self.commits[-1]

    def at(self, revision: str) -> Commit | None:
        """The commit that a branch, tag or hash names."""
        sha = self.head.sha if revision == "main" else self.tags.get(revision, revision)
        return next((commit for commit in self.commits if commit.sha == sha), None)


Faults = Callable[[Asked], Fault | None]


class LoopbackHub:
    """`with LoopbackHub() as hub:` serves until the block ends."""

    def __init__(self) -> None:
        self.repositories: dict[tuple[str, str], Repository] = {}
        self.blobs: dict[str, bytes] = {}
        self.asked: list[Asked] = []
        self.faults: Faults = lambda asked: None
        self.role = "write"
        self.scoped: list[dict[str, Any]] = []
        self.storage_url = ""
        self.lock = threading.RLock()
        self._over = threading.Event()

    def __enter__(self) -> "LoopbackHub":
        hub = self

        class Handler(_Handler):
            owner = hub

        self._server = _Quiet(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        # Another host by name, as the Hub's storage is: the client follows no such redirect with the token.
        self.storage_url = f"http://localhost:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self._over.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(10)

    @property
    def address(self) -> HubAddress:
        """As a site is pointed at it."""
        return HubAddress(self.url, (self.storage_url.removeprefix("http://"),), seconds=5.0)

    def wait(self, seconds: float) -> None:
        """Stay silent, but not longer than the server lives."""
        self._over.wait(seconds)

    def acts(self) -> list[str]:
        """What was asked, in order."""
        return [asked.act for asked in self.asked]

    def repository(self, name: str, kind: str = "dataset") -> Repository:
        return self.repositories[kind, name.lower()]

    def make(self, name: str, kind: str = "dataset", *, private: bool = True) -> Repository:
        """A new repository, as people make one on the site."""
        made = Repository(name, kind, private)
        self.repositories[kind, name.lower()] = made
        self.add(made, "initial commit", {".gitattributes": ATTRIBUTES})
        return made

    def add(self, to: Repository, title: str, files: dict[str, bytes], gone: tuple[str, ...] = ()) -> Commit:
        """One commit of small files on top."""
        tree = dict(to.commits[-1].tree) if to.commits else {}
        for path, content in files.items():
            tree[path] = self.keep(content, large=path.endswith(LARGE))
        for path in gone:
            del tree[path]
        return self.commit(to, title, tree)

    def keep(self, content: bytes, *, large: bool) -> Stored:
        """Store bytes as git or the large-file storage names them."""
        blob = hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()
        sha256 = hashlib.sha256(content).hexdigest()
        self.blobs[sha256 if large else blob] = content
        return Stored(len(content), blob, sha256 if large else "")

    def commit(self, to: Repository, title: str, tree: dict[str, Stored]) -> Commit:
        told = json.dumps([title, len(to.commits), sorted((p, s.blob) for p, s in tree.items())])
        made = Commit(hashlib.sha1(told.encode()).hexdigest(), title, tree)
        to.commits.append(made)
        return made

    def content(self, stored: Stored) -> bytes:
        return self.blobs[stored.sha256 or stored.blob]


class _Quiet(ThreadingHTTPServer):
    """Clients that are killed are no news."""

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Nothing is printed."""


class _Refusal(Exception):
    """An answer that is an error."""

    def __init__(self, status: int, code: str = "", message: str = "") -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


class _Handler(BaseHTTPRequestHandler):
    owner: LoopbackHub
    protocol_version = "HTTP/1.1"
    timeout = 60

    def log_message(self, *_: Any) -> None:
        """Quiet."""

    def do_GET(self) -> None:
        self._serve()

    do_HEAD = do_POST = do_PUT = do_GET  # noqa: N815

    def _serve(self) -> None:
        hub = self.owner
        body = self._body()
        with hub.lock:
            token = self.headers.get("authorization", "").removeprefix("Bearer ")
            asked = Asked(len(hub.asked) + 1, self.command, unquote(self.path), token)
            hub.asked.append(asked)
        fault = hub.faults(asked)
        if fault is not None and not fault.after and self._misbehave(fault):
            return
        try:
            with hub.lock:
                status, headers, content = _answer(hub, asked, body, self.headers)
        except _Refusal as refusal:
            status, content = refusal.status, json.dumps({"error": refusal.message}).encode()
            headers = {"X-Error-Code": refusal.code, "X-Error-Message": refusal.message}
        if fault is not None and fault.after and self._misbehave(fault):
            return
        self._send(status, {name: value for name, value in headers.items() if value}, content)

    def _misbehave(self, fault: Fault) -> bool:
        """Whether the request is over with that."""
        if fault.hangs:
            self.owner.wait(fault.hangs)
        if fault.is_cut or fault.hangs:
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
            return True
        headers = dict(fault.headers) | ({"Retry-After": fault.retry_after} if fault.retry_after else {})
        self._send(fault.status, headers, b'{"error": "not now"}')
        return True

    def _send(self, status: int, headers: dict[str, str], content: bytes) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(content)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def _body(self) -> bytes:
        if self.headers.get("transfer-encoding", "") != "chunked":
            return self.rfile.read(int(self.headers.get("content-length", 0)))
        parts = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)


Answer = tuple[int, dict[str, str], bytes]
_API = re.compile(r"/api/(?P<kind>dataset|model)s/(?P<name>[^/]+/[^/]+)(/(?P<verb>[a-z]+)(/(?P<rest>.*))?)?")
_LFS = re.compile(r"/(?:datasets/)?(?P<name>[^/]+/[^/]+)\.git/info/lfs/objects/batch")
_RESOLVE = re.compile(r"/(?P<datasets>datasets/)?(?P<name>[^/]+/[^/]+)/resolve/(?P<rev>[^/]+)/(?P<path>.+)")


def _answer(hub: LoopbackHub, asked: Asked, body: bytes, headers: Any) -> Answer:
    path = urlsplit(asked.path).path
    if path.startswith("/storage/"):
        return _storage(hub, asked, path.removeprefix("/storage/"), body, headers)
    if path.startswith("/verify/"):
        return _json({}) if path.removeprefix("/verify/") in hub.blobs else _json({}, 404)
    if asked.token != TOKEN:
        raise _Refusal(401, message="Invalid credentials in Authorization header")
    if path == "/api/whoami-v2":
        return _json(_whoami(hub))
    if path == "/api/validate-yaml":
        return _json({"warnings": [], "errors": []})
    if path == "/api/repos/create":
        return _create(hub, json.loads(body))
    if _LFS.fullmatch(path):
        return _batch(hub, json.loads(body))
    if found := _RESOLVE.fullmatch(path):
        return _resolve(hub, found)
    if found := _API.fullmatch(path):
        repository = hub.repositories.get((found["kind"], found["name"].lower()))
        if repository is None:
            raise _Refusal(404, "RepoNotFound", "Repository not found")
        return _VERBS[found["verb"] or "info"](hub, repository, found["rest"] or "", body)
    raise _Refusal(404, message="no such address")


def _json(value: Any, status: int = 200) -> Answer:
    return status, {"Content-Type": "application/json"}, json.dumps(value).encode()


def _whoami(hub: LoopbackHub) -> dict[str, Any]:
    token = {"displayName": "consilium", "role": hub.role, "fineGrained": {"scoped": hub.scoped}}
    return {"name": OWNER, "type": "user", "orgs": [], "auth": {"accessToken": token}}


def _create(hub: LoopbackHub, asked: dict[str, Any]) -> Answer:
    name, kind = f"{asked['organization']}/{asked['name']}", asked.get("type", "model")
    address = f"{hub.url}/{'datasets/' if kind == 'dataset' else ''}{name}"
    if (kind, name.lower()) in hub.repositories:
        return _json({"error": "You already created this repo", "url": address}, 409)
    if asked["organization"] != OWNER:
        raise _Refusal(403, message="You don't have the rights to create it under this namespace")
    hub.make(name, kind, private=asked.get("visibility") == "private")
    return _json({"url": address})


def _info(hub: LoopbackHub, repository: Repository, rest: str, body: bytes) -> Answer:
    commit = repository.at(rest or "main")
    if commit is None:
        raise _Refusal(404, "RevisionNotFound", "Invalid rev id")
    facts = {
        "id": repository.name,
        "sha": commit.sha,
        "private": repository.private,
        "gated": repository.gated,
    }
    lists: dict[str, Any] = {"tags": [], "siblings": [], "disabled": False, "downloads": 0, "likes": 0}
    return _json(facts | lists)


def _refs(hub: LoopbackHub, repository: Repository, rest: str, body: bytes) -> Answer:
    tags = [_ref(name, "tags", sha) for name, sha in repository.tags.items()]
    return _json({"branches": [_ref("main", "heads", repository.head.sha)], "converts": [], "tags": tags})


def _ref(name: str, kind: str, sha: str) -> dict[str, str]:
    return {"name": name, "ref": f"refs/{kind}/{name}", "targetCommit": sha}


def _tree(hub: LoopbackHub, repository: Repository, rest: str, body: bytes) -> Answer:
    commit = repository.at(rest)
    if commit is None:
        raise _Refusal(404, "RevisionNotFound", "Invalid rev id")
    return _json([_entry(path, stored) for path, stored in sorted(commit.tree.items())])


def _entry(path: str, stored: Stored) -> dict[str, Any]:
    entry = {"type": "file", "path": path, "size": stored.size, "oid": stored.blob}
    large = {"lfs": {"oid": stored.sha256, "size": stored.size, "pointerSize": 130}}
    return entry | (large if stored.sha256 else {})


def _commits(hub: LoopbackHub, repository: Repository, rest: str, body: bytes) -> Answer:
    moment = "2026-11-01T00:00:00.000Z"
    return _json(
        [
            {"id": one.sha, "title": one.title, "message": "", "authors": [], "date": moment}
            for one in reversed(repository.commits)
        ]
    )


def _preupload(hub: LoopbackHub, repository: Repository, rest: str, body: bytes) -> Answer:
    tree = repository.head.tree
    files = []
    for file in json.loads(body)["files"]:
        mode = "lfs" if file["path"].endswith(LARGE) else "regular"
        there = tree.get(file["path"])
        oid = (there.sha256 or there.blob) if there else None
        files.append({"path": file["path"], "uploadMode": mode, "shouldIgnore": False, "oid": oid})
    return _json({"files": files})


def _batch(hub: LoopbackHub, asked: dict[str, Any]) -> Answer:
    return _json({"transfer": "basic", "objects": [_object(hub, **one) for one in asked["objects"]]})


def _object(hub: LoopbackHub, oid: str, size: int) -> dict[str, Any]:
    facts: dict[str, Any] = {"oid": oid, "size": size}
    if oid in hub.blobs:
        return facts
    upload = {"href": f"{hub.storage_url}/storage/{oid}", "header": {}}
    return facts | {"actions": {"upload": upload, "verify": {"href": f"{hub.url}/verify/{oid}"}}}


def _storage(hub: LoopbackHub, asked: Asked, oid: str, body: bytes, headers: Any) -> Answer:
    if asked.method == "PUT":
        if hashlib.sha256(body).hexdigest() != oid:
            raise _Refusal(400, message="these bytes have another hash")
        hub.blobs[oid] = body
        return 200, {"ETag": f'"{oid}"'}, b""
    content = hub.blobs[oid]
    if span := re.fullmatch(r"bytes=(\d+)-", headers.get("range", "")):
        start = int(span[1])
        whole = f"bytes {start}-{len(content) - 1}/{len(content)}"
        return 206, {"Content-Range": whole, "ETag": f'"{oid}"'}, content[start:]
    return 200, {"ETag": f'"{oid}"'}, content


def _commit(hub: LoopbackHub, repository: Repository, rest: str, body: bytes) -> Answer:
    lines = [json.loads(line) for line in body.splitlines()]
    head = lines[0]["value"]
    if head.get("parentCommit") not in (None, repository.head.sha):
        raise _Refusal(412, message="A commit has happened since. Please refresh and try again.")
    tree = dict(repository.head.tree)
    for line in lines[1:]:
        value = line["value"]
        if line["key"] == "file":
            tree[value["path"]] = hub.keep(base64.b64decode(value["content"]), large=False)
        elif line["key"] == "lfsFile":
            if value["oid"] not in hub.blobs:
                raise _Refusal(400, message="The large file was not uploaded")
            tree[value["path"]] = hub.keep(hub.blobs[value["oid"]], large=True)
        else:
            del tree[value["path"]]
    made = hub.commit(repository, head["summary"], tree)
    return _json({"commitUrl": f"{hub.url}/{repository.name}/commit/{made.sha}", "commitOid": made.sha})


def _tag(hub: LoopbackHub, repository: Repository, rest: str, body: bytes) -> Answer:
    name = json.loads(body)["tag"]
    if name in repository.tags:
        raise _Refusal(409, message="Tag reference exists already")
    commit = repository.at(rest)
    if commit is None:
        raise _Refusal(404, "RevisionNotFound", "Invalid rev id")
    repository.tags[name] = commit.sha
    return _json({})


def _settings(hub: LoopbackHub, repository: Repository, rest: str, body: bytes) -> Answer:
    asked = json.loads(body)
    if "visibility" in asked:
        repository.private = asked["visibility"] == "private"
    repository.gated = asked.get("gated", repository.gated)
    return _json({})


def _resolve(hub: LoopbackHub, found: re.Match[str]) -> Answer:
    repository = hub.repositories.get(("dataset" if found["datasets"] else "model", found["name"].lower()))
    commit = repository.at(found["rev"]) if repository else None
    if commit is None or found["path"] not in commit.tree:
        raise _Refusal(404, "EntryNotFound", "no such file")
    stored = commit.tree[found["path"]]
    facts = {"X-Repo-Commit": commit.sha, "ETag": f'"{stored.sha256 or stored.blob}"'}
    if not stored.sha256:
        return 200, facts, hub.content(stored)
    facts |= {"X-Linked-Size": str(stored.size), "X-Linked-Etag": f'"{stored.sha256}"'}
    return 302, facts | {"Location": f"{hub.storage_url}/storage/{stored.sha256}"}, b""


_VERBS: dict[str, Callable[[LoopbackHub, Repository, str, bytes], Answer]] = {
    "info": _info, "revision": _info, "refs": _refs, "tree": _tree, "commits": _commits, "tag": _tag,
    "preupload": _preupload, "commit": _commit, "settings": _settings,
}  # fmt: skip
