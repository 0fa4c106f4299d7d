"""A provider that says whatever a test wants: its own key, any token, and a memory of what it was asked."""

import base64
import hashlib
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
OTHER_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)


class Forger:
    """What it answers next, and what it was sent last."""

    def __init__(self, issuer: str) -> None:
        self.issuer = issuer
        self.description: dict[str, Any] = {}
        self.keys: dict[str, Any] = {"one": KEY}
        self.token: Any = None
        self.userinfo: dict[str, Any] = {}
        self.sent: dict[str, str] = {}
        self.challenge = ""
        self.seen: list[str] = []

    @property
    def documents(self) -> dict[str, Any]:
        """Path to what a GET of it gets."""
        described = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "userinfo_endpoint": f"{self.issuer}/userinfo",
            "end_session_endpoint": f"{self.issuer}/end",
        }
        return {
            "/.well-known/openid-configuration": described | self.description,
            "/keys": {"keys": [_public(name, key) for name, key in self.keys.items()]},
            "/userinfo": self.userinfo,
        }

    def exchange(self, form: dict[str, str]) -> tuple[int, Any]:
        """The token endpoint; it keeps to PKCE."""
        self.sent = form
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        if base64.urlsafe_b64encode(digest).rstrip(b"=").decode() != self.challenge:
            return 400, {"error": "invalid_grant"}
        return 200, {"access_token": "access", "token_type": "Bearer", "id_token": self.token}

    def signs(
        self, nonce: str, *, key: Any = KEY, alg: str = "RS256", kid: str | None = "one", **claims: Any
    ) -> str:
        """A token that is right, but for what is given; a claim of None is left out."""
        now = int(time.time())
        plain = {
            "iss": self.issuer,
            "aud": "consilium",
            "sub": "s-forged",
            "iat": now,
            "exp": now + 300,
            "nonce": nonce,
            "name": "Forged",
            "preferred_username": "forged",
            "groups": [],
        }
        left = {name: value for name, value in (plain | claims).items() if value is not None}
        return jwt.encode(left, key, algorithm=alg, headers={"kid": kid} if kid else {})


def _public(name: str, key: Any) -> dict[str, Any]:
    row = jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key(), as_dict=True)
    return row | {"kid": name, "alg": "RS256", "use": "sig"}


@contextmanager
def forging() -> Iterator[Forger]:
    """It runs on loopback, in a thread of this process."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            forger.seen.append(self.path)
            found = forger.documents.get(self.path)
            self._answer(404 if found is None else 200, found)

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            self._answer(*forger.exchange({name: values[0] for name, values in parse_qs(body).items()}))

        def _answer(self, status: int, found: Any) -> None:
            body = json.dumps(found).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: Any) -> None:
            """Nothing is printed."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        forger = Forger(f"http://127.0.0.1:{server.server_port}")
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        yield forger
        server.shutdown()
        thread.join()
