"""What reading one frame from a bucket costs beside a folder: milliseconds and CPU, in the reading process.

.venv/bin/python perf/stored_files.py
"""

import os
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.request import Request, urlopen

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from consilium.blobs.blob_store import BlobStore
from consilium.blobs.folder_store import FolderStore
from consilium.blobs.object_store import ObjectStore
from consilium.blobs.store_address import StoreAddress

FRAME = 100_000
READS = 1000


def measure(store: BlobStore) -> tuple[float, float]:
    """Milliseconds by the clock and of CPU per read."""
    store.put("blobs/frame", [os.urandom(FRAME)])
    for _ in range(50):
        store.open("blobs/frame").read()
    cpu, clock = time.process_time(), time.perf_counter()
    for _ in range(READS):
        with store.open("blobs/frame") as file:
            assert len(file.read()) == FRAME
    return (time.perf_counter() - clock) / READS * 1e3, (time.process_time() - cpu) / READS * 1e3


def main() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    os.environ |= {"AWS_ACCESS_KEY_ID": "perf", "AWS_SECRET_ACCESS_KEY": "perf"}
    server = subprocess.Popen(
        [sys.executable, "-m", "moto.server", "-p", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        endpoint = f"http://127.0.0.1:{port}"
        for _ in range(100):
            try:
                urlopen(Request(f"{endpoint}/perf-bucket", method="PUT")).close()
                break
            except OSError:
                time.sleep(0.1)
        with tempfile.TemporaryDirectory() as folder:
            rows = {
                "folder": measure(FolderStore(Path(folder))),
                "bucket": measure(ObjectStore(StoreAddress("perf-bucket", "site", endpoint))),
            }
    finally:
        server.kill()
        server.wait()
    for name, (clock, cpu) in rows.items():
        print(f"{name}: {clock:.3f} ms, {cpu:.3f} ms CPU")


if __name__ == "__main__":
    main()
