"""Calls per second of the engine against a stub that answers at once, beside openai's client and inspect_ai.

python perf/calls.py [--calls N] [--in-flight N] [--image-kib N] [--delay-ms N]

The stub runs in its own process. Each client sends the same requests; the engine also stores every reply
(SQLite file, WAL, synchronous FULL) and calls back, the openai client only awaits the answers.
inspect_ai, when `make perf-peers` has installed it, evaluates one call a sample in a process of its own.
"""

import argparse
import asyncio
import json
import multiprocessing
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
CHUNK = 64 * 1024
INSPECT = Path(__file__).resolve().parent.parent / ".peers" / "inspect-ai" / "bin" / "python"


def stub(delay: float, port: Any, says: str = "B") -> None:
    """Answer any chat request with the same text after `delay` seconds; speaks just enough HTTP."""
    body = json.dumps(
        {
            "id": "x",
            "object": "chat.completion",
            "created": 0,
            "model": "stub",
            "choices": [
                {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": says}}
            ],
            "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
        }
    ).encode()
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    reply = head.encode() + body

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                header = (await reader.readuntil(b"\r\n\r\n")).lower()
                length = int(header.split(b"content-length:")[1].split(b"\r\n")[0])
                while length:
                    length -= len(await reader.read(min(CHUNK, length)))
                if delay:
                    await asyncio.sleep(delay)
                writer.write(reply)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    async def main() -> None:
        server = await asyncio.start_server(talk, "127.0.0.1", 0, limit=4 * CHUNK)
        port.value = server.sockets[0].getsockname()[1]
        await server.serve_forever()

    asyncio.run(main())


def messages(number: int, uri: bytes | str) -> list[dict[str, Any]]:
    """One judge-like request with an image."""
    image = {"type": "image_url", "image_url": {"url": uri}}
    return [
        {"role": "user", "content": [image, {"type": "text", "text": f"Which answer is better? {number}"}]}
    ]


def with_engine(base_url: str, count: int, in_flight: int, uri: bytes, name: str) -> None:
    """All calls through complete_all."""
    from consilium.inference.chat_client import CallLimits
    from consilium.inference.chat_request import ChatRequest
    from consilium.inference.complete import complete_all
    from consilium.inference.models import ModelEndpoint

    endpoint = ModelEndpoint.objects.create(name=name, base_url=base_url, model_id="stub", family="stub")
    asks = [ChatRequest(messages=messages(number, uri), tag=str(number)) for number in range(count)]
    asked = complete_all(
        endpoint,
        asks,
        study=None,
        on_reply=lambda *_: None,
        check=lambda: None,
        limits=CallLimits(in_flight=in_flight),
    )
    assert (asked.done, asked.failed) == (count, []), asked


def with_openai(base_url: str, count: int, in_flight: int, uri: bytes, name: str) -> None:
    """All calls through AsyncOpenAI."""
    from openai import AsyncOpenAI

    async def main() -> None:
        gate = asyncio.Semaphore(in_flight)
        async with AsyncOpenAI(base_url=base_url, api_key="none", max_retries=0) as client:

            async def one(number: int) -> None:
                async with gate:
                    await client.chat.completions.create(
                        model="stub",
                        messages=cast("Any", messages(number, uri.decode())),
                        max_tokens=256,
                        temperature=0,
                    )

            await asyncio.gather(*(one(number) for number in range(count)))

    asyncio.run(main())


def timed(work: Callable[..., None], *arguments: Any, count: int) -> dict[str, float]:
    """Calls per second and CPU milliseconds per call of this process."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    cpu, started = usage.ru_utime + usage.ru_stime, time.perf_counter()
    work(*arguments)
    seconds = time.perf_counter() - started
    usage = resource.getrusage(resource.RUSAGE_SELF)
    used = usage.ru_utime + usage.ru_stime - cpu
    return {"calls_per_second": round(count / seconds, 1), "cpu_ms_per_call": round(used / count * 1000, 3)}


def with_inspect(base_url: str, count: int, in_flight: int, uri: bytes) -> dict[str, float] | None:
    """The same figures of inspect_ai, measured in its own process; none where it is not installed."""
    if not INSPECT.exists():
        return None
    script = Path(__file__).parent / "peers" / "inspect_calls.py"
    done = subprocess.run(
        [INSPECT, script, base_url, str(count), str(in_flight)],
        input=uri.decode(), stdout=subprocess.PIPE, text=True, check=True, cwd=tempfile.gettempdir(),
    )  # fmt: skip
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--calls", type=int, default=2000)
    parser.add_argument("--openai-calls", type=int, default=400)
    parser.add_argument("--inspect-calls", type=int, default=200)
    parser.add_argument("--in-flight", type=int, default=64)
    parser.add_argument("--image-kib", type=int, default=112)
    parser.add_argument("--delay-ms", type=float, default=0.0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        os.environ |= {
            "CONSILIUM_HOME": home,
            "CONSILIUM_MODEL_HOSTS": "127.0.0.1:1-65535",
            "DJANGO_SETTINGS_MODULE": "consilium.settings",
            "DATABASE_URL": "",
        }
        import django
        from django.core.management import call_command

        django.setup()
        call_command("migrate", verbosity=0)
        from consilium.inference.images import data_uri

        uri = data_uri(os.urandom(options.image_kib * 1024))
        port = multiprocessing.Value("i", 0)
        server = multiprocessing.Process(target=stub, args=(options.delay_ms / 1000, port), daemon=True)
        server.start()
        while not port.value:
            time.sleep(0.01)
        base = f"http://127.0.0.1:{port.value}/v1"
        with_engine(base, 64, options.in_flight, uri, "warm")
        ours = timed(with_engine, base, options.calls, options.in_flight, uri, "timed", count=options.calls)
        theirs = timed(
            with_openai, base, options.openai_calls, options.in_flight, uri, "", count=options.openai_calls
        )
        inspect = with_inspect(base, options.inspect_calls, options.in_flight, uri)
        server.kill()
    ratio = round(ours["calls_per_second"] / theirs["calls_per_second"], 1)
    print(
        json.dumps(
            {"consilium": ours, "openai": theirs, "inspect_ai": inspect, "ratio": ratio, **vars(options)}
        )
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
