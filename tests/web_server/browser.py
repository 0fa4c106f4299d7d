"""A browser of a few lines: cookies, forms and TLS to a loopback port under the site's own name."""

import http.client
import re
import socket
import ssl
import uuid
from http.cookies import SimpleCookie
from urllib.parse import urlencode

from tests.harness.proxies import NAME

TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="(\w+)"')


class Answer:
    """Status, headers and text."""

    def __init__(self, got: http.client.HTTPResponse) -> None:
        self.status, self.headers, self.body = got.status, got.headers, got.read()

    @property
    def text(self) -> str:
        return self.body.decode()


class Browser:
    """Asks over TLS on `port`, whatever address the name would have."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._tls = ssl.create_default_context()
        self._tls.check_hostname, self._tls.verify_mode = False, ssl.CERT_NONE
        self.cookies = SimpleCookie()

    def connect(self) -> ssl.SSLSocket:
        """A bare connection, for requests that no browser would send."""
        plain = socket.create_connection(("127.0.0.1", self._port), timeout=60)
        return self._tls.wrap_socket(plain, server_hostname=NAME)

    def ask(self, method: str, path: str, body: bytes = b"", /, **headers: str) -> Answer:
        asking = http.client.HTTPSConnection(NAME, context=self._tls)
        asking.sock = self.connect()
        sent = {"Host": NAME, "Origin": f"https://{NAME}", "Referer": f"https://{NAME}/"}
        if self.cookies:
            sent["Cookie"] = "; ".join(f"{name}={one.value}" for name, one in self.cookies.items())
        try:
            asking.request(method, path, body or None, sent | headers)
            answer = Answer(asking.getresponse())
        finally:
            asking.close()
        for line in answer.headers.get_all("Set-Cookie") or []:
            self.cookies.load(line)
        return answer

    def get(self, path: str, **headers: str) -> Answer:
        return self.ask("GET", path, b"", **headers)

    def token(self, path: str) -> str:
        found = TOKEN.search(self.get(path).text)
        assert found
        return found[1]

    def fill_in(self, path: str, **fields: str) -> Answer:
        """Send a form of that page."""
        body = urlencode({"csrfmiddlewaretoken": self.token(path), **fields}).encode()
        return self.ask("POST", path, body, **{"Content-Type": "application/x-www-form-urlencoded"})

    def upload(self, path: str, content: bytes, **fields: str) -> Answer:
        """Send a form with one file."""
        mark = uuid.uuid4().hex
        parts = "".join(
            f'--{mark}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
            for name, value in {"csrfmiddlewaretoken": self.token(path), **fields}.items()
        )
        head = f'--{mark}\r\nContent-Disposition: form-data; name="uploads"; filename="a.png"\r\n\r\n'
        body = parts.encode() + head.encode() + content + f"\r\n--{mark}--\r\n".encode()
        return self.ask("POST", path, body, **{"Content-Type": f"multipart/form-data; boundary={mark}"})
