"""Real proxies with the configurations that are shipped, private and gone at the end of their block."""

import socket
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.harness.servers import (
    START_SECONDS,
    _binary,
    _private_folder,
    _running,
    free_port,
    wait_until,
)

SHIPPED = Path(__file__).resolve().parents[2] / "docs" / "deploy"
NAME = "consilium.example"
Start = Callable[..., AbstractContextManager[int]]
AROUND = """
daemon off; pid {folder}/pid; error_log {folder}/error.log; worker_processes 1;
events {{ worker_connections 600; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/f;
    uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
    include {folder}/consilium.conf;
}}
"""


def _replaced(name: str, changes: dict[str, str]) -> str:
    """A shipped configuration with the places changed that an operator changes."""
    text = (SHIPPED / name).read_text()
    for old, new in changes.items():
        assert old in text, f"{name} no longer says {old}"
        text = text.replace(old, new)
    return text


def certificate(folder: Path, address: str = "") -> tuple[Path, Path]:
    """A certificate for the name, or for an IP address, signed by itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, address or NAME)])
    holder = x509.IPAddress(ip_address(address)) if address else x509.DNSName(NAME)
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([holder]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem, kept = folder / "cert.pem", folder / "key.pem"
    pem.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    kept.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    for path in (pem, kept):
        path.chmod(0o644)
    return pem, kept


@contextmanager
def nginx(web_port: int, head_seconds: int = 10) -> Iterator[int]:
    """nginx as in docs/deploy before a web process; the port of HTTPS. `head_seconds` as there."""
    program = _binary("nginx")
    with _private_folder() as (folder, options):
        pem, key = certificate(folder)
        port = free_port()
        changes = {
            "127.0.0.1:8000": f"127.0.0.1:{web_port}",
            "client_header_timeout 10s": f"client_header_timeout {head_seconds}s",
            "listen 80;": f"listen 127.0.0.1:{free_port()};",
            "    listen [::]:80;\n": "",
            "listen 443 ": f"listen 127.0.0.1:{port} ",
            "    listen [::]:443 ssl http2;\n": "",
            "/etc/ssl/consilium.example/fullchain.pem": str(pem),
            "/etc/ssl/consilium.example/privkey.pem": str(key),
            "/var/cache/nginx/consilium": f"{folder}/cache",
        }
        (folder / "consilium.conf").write_text(_replaced("nginx.conf", changes))
        (folder / "nginx.conf").write_text(AROUND.format(folder=folder))
        command = [program, "-p", str(folder), "-c", f"{folder}/nginx.conf", "-e", f"{folder}/error.log"]
        with _running(command, **options):
            wait_until(lambda: _listens(port), seconds=START_SECONDS, what=f"{program} listens")
            yield port


@contextmanager
def caddy(web_port: int, head_seconds: int = 10) -> Iterator[int]:
    """Caddy as in docs/deploy before a web process; the port of HTTPS. `head_seconds` as there."""
    program = _binary("caddy")
    with _private_folder() as (folder, options):
        pem, key = certificate(folder)
        port = free_port()
        changes = {
            "127.0.0.1:8000": f"127.0.0.1:{web_port}",
            "read_header 10s": f"read_header {head_seconds}s",
            "\tadmin off\n": f"\tadmin off\n\tauto_https disable_redirects\n\tdefault_bind 127.0.0.1\n"
            f"\thttp_port {free_port()}\n\thttps_port {port}\n",
            f"{NAME} {{\n": f"{NAME} {{\n\ttls {pem} {key}\n",
        }
        (folder / "Caddyfile").write_text(_replaced("Caddyfile", changes))
        command = [program, "run", "--adapter", "caddyfile", "--config", f"{folder}/Caddyfile"]
        with _running(command, **options):
            wait_until(lambda: _listens(port), seconds=START_SECONDS, what=f"{program} listens")
            yield port


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
