"""The people: `python -m tests.deploy.readers FOLDER ...` works until SIGTERM, then finishes what it began.

Readers take cases, keep drafts and vote; a lead uploads pictures, each upload a job. FOLDER/journal says what
the site acknowledged.
"""

import argparse
import asyncio
import hashlib
import io
import json
import random
import re
import signal
import uuid
from collections.abc import Awaitable
from pathlib import Path
from typing import Any

import aiohttp
from PIL import Image

from consilium.answers.dimensions import DIMENSIONS
from tests.deploy.browser import TOKEN, Browser, Unhealed
from tests.deploy.journal import Journal
from tests.deploy.seed import PASSWORD, STUDY

SCREEN = re.compile(r"/compare/([0-9a-f-]{36})/")
FACT = r'data-{}="([^"]*)"'
# A reader decides in so many seconds; a browser looks ahead one second after a screen came.
LEAST_PAUSE, MOST_PAUSE = 5.0, 11.0
LEAST_BETWEEN, MOST_BETWEEN, PICTURES = 4.0, 9.0, 4
# They come one after the other: checking a password is meant to cost the site time.
COME_SECONDS = 0.5


class Piece:
    """A case on the screen, and what its form says."""

    def __init__(self, html: str) -> None:
        self.token = _fact(html, "token")
        self.calls = _fact(html, "calls")
        self.csrf = _fact(html, "csrf")
        self.version = _fact(html, "version")
        self.draft_version = int(_fact(html, "draft-version"))


def _fact(html: str, name: str) -> str:
    found = re.search(FACT.format(name), html)
    assert found, f"no {name} on this screen: {html[:300]}"
    return found[1]


def vote(draw: random.Random) -> dict[str, Any]:
    """What a reader thinks of a case."""
    sides = ("first_clearly", "first_slightly", "second_slightly", "second_clearly")
    return {"choices": {name: draw.choice(sides) for name in DIMENSIONS}, "harm": "neither"}


def picture(seed: int) -> bytes:
    """A small picture that is like no other."""
    out = io.BytesIO()
    Image.frombytes("L", (32, 32), random.Random(seed).randbytes(32 * 32)).save(out, "PNG")
    return out.getvalue()


class Reader:
    """One reader's day."""

    def __init__(self, browser: Browser, number: int, stopping: asyncio.Event) -> None:
        self._browser, self._number, self._stopping = browser, number, stopping
        self._draw = random.Random(number)
        self._ahead: dict[str, str] = {}  # address to screen, kept in this browser

    async def work(self) -> None:
        """Until the end of the day; at the end a draft lies on the server."""
        await self._pause(self._number * COME_SECONDS)
        await self._browser.log_in(PASSWORD)
        screen = await self._take()
        while screen:
            piece = Piece(screen)
            content = vote(self._draw)
            await self._pause(1.0)
            following = await self._look_ahead(piece)
            await self._pause(self._draw.uniform(LEAST_PAUSE, MOST_PAUSE) / 2)
            await self._keep(piece, content)
            if self._stopping.is_set():
                return
            await self._pause(self._draw.uniform(LEAST_PAUSE, MOST_PAUSE) / 2)
            screen = await self._submit(piece, content, following)

    async def _pause(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._stopping.wait(), seconds)
        except TimeoutError:
            return

    async def _take(self) -> str:
        queue = await self._browser.page("GET", f"/s/{STUDY}/work/")
        found = TOKEN.search(queue.text)
        assert found, queue.text[:300]
        fields = {"csrfmiddlewaretoken": found[1]}
        taken = await self._browser.page("POST", f"/s/{STUDY}/work/compare/next/", data=fields)
        return taken.text if SCREEN.search(taken.url) else ""

    async def _look_ahead(self, piece: Piece) -> str:
        """The token of the case that is here already; one try, as nothing depends on it."""
        answer = await self._browser.call(
            f"{piece.calls}ahead/", {}, piece.csrf, **{"X-Work-Screen": piece.version}
        )
        place, screen = answer.body.get("next", ""), answer.body.get("screen", "")
        if answer.kind != "done" or not screen:
            return ""
        self._ahead = {place: screen}
        return _fact(screen, "token")

    async def _keep(self, piece: Piece, content: dict[str, Any]) -> None:
        """Save the draft; one that was stored without a word of it is found by its version."""
        while True:
            body = {"content": content, "draft_version": piece.draft_version, "base_version": 0}
            answer = await self._browser.deliver(f"{piece.calls}draft/", body, piece.csrf)
            if answer.kind == "done":
                piece.draft_version = answer.body["draft_version"]
                self._browser.journal.note("draft", token=piece.token, content=content)
                return
            if answer.status != 409 or not answer.body.get("yours"):
                raise Unhealed(f"draft: {answer.status} {answer.body.get('error')}")
            piece.draft_version = answer.body["current"]

    async def _submit(self, piece: Piece, content: dict[str, Any], following: str) -> str:
        """Send the vote until it is acknowledged; the next screen, empty where nothing is left."""
        key = str(uuid.uuid4())
        body = {"content": content, "key": key, "active_seconds": 8, "base_version": 0}
        more = {"X-Work-Screen": piece.version, "X-Work-Ahead": following}
        answer = await self._browser.deliver(f"{piece.calls}submit/", body, piece.csrf, **more)
        if answer.kind != "done":
            raise Unhealed(f"submit: {answer.status} {answer.body.get('error')}")
        facts = {name: answer.body[name] for name in ("version", "sha256", "surplus")}
        self._browser.journal.note("vote", key=key, token=piece.token, **facts)
        place = answer.body["next"] or ""
        screen = answer.body["screen"] or self._ahead.get(place, "")
        if not screen and place:
            page = await self._browser.page("GET", place)
            screen = page.text if SCREEN.search(page.url) else await self._take()
        return screen


class Lead:
    """Uploads pictures now and then; an upload that got no answer is known by its pictures only."""

    def __init__(self, browser: Browser, stopping: asyncio.Event) -> None:
        self._browser, self._stopping = browser, stopping
        self._draw = random.Random(0)

    async def work(self) -> None:
        """Until the end of the day."""
        await self._browser.log_in(PASSWORD)
        number = 0
        while not self._stopping.is_set():
            number += 1
            await self._upload(number)
            try:
                # Out of step with the workers, who ask the broker each second: else one gets all jobs.
                pause = self._draw.uniform(LEAST_BETWEEN, MOST_BETWEEN)
                await asyncio.wait_for(self._stopping.wait(), pause)
            except TimeoutError:
                continue

    async def _upload(self, number: int) -> None:
        page = await self._browser.page("GET", f"/s/{STUDY}/imports/new/")
        token, source = TOKEN.search(page.text), re.search(r'<option value="(\d+)"', page.text)
        assert token, page.text[:300]
        assert source, page.text[:300]
        form = aiohttp.FormData()
        form.add_field("csrfmiddlewaretoken", token[1])
        form.add_field("source", source[1])
        pictures = [picture(1000 * number + each) for each in range(PICTURES)]
        for each, content in enumerate(pictures):
            form.add_field("uploads", content, filename=f"{number}-{each}.png", content_type="image/png")
        answer = await self._browser.once("POST", f"/s/{STUDY}/imports/new/", form)
        found = re.search(r"/imports/(\d+)/$", answer.url)
        if found and answer.status == 200:
            sums = [hashlib.sha256(content).hexdigest() for content in pictures]
            self._browser.journal.note("import", pk=int(found[1]), pictures=sums)
        else:
            cause = answer.cause or str(answer.status)
            if "try again in some seconds" in answer.text:  # the form says so when the store is away
                cause = "later, in words"
            self._browser.journal.note("retry", call="upload", cause=cause, person=self._browser.person)


async def told(journal: Journal, name: str, work: Awaitable[None]) -> None:
    """Work whose failure is noted, as it must not go by unseen."""
    try:
        await work
    except Exception as problem:
        journal.note("error", person=name, error=f"{type(problem).__name__}: {problem}"[:500])


async def day(folder: Path, readers: int, proxy: str, clinics: list[str]) -> None:
    stopping = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopping.set)
    trust = str(folder / "proxy" / "certificate" / "fullchain.pem")
    with (folder / "journal").open("a") as file:
        journal = Journal(file)
        names = [f"reader{number}" for number in range(readers)]
        browsers = [
            Browser(name, proxy, clinics[number % len(clinics)], trust, journal)
            for number, name in enumerate(["lena", *names])
        ]
        lead, *others = browsers
        work = [told(journal, lead.person, Lead(lead, stopping).work())]
        for number, browser in enumerate(others):
            work.append(told(journal, browser.person, Reader(browser, number, stopping).work()))
        await asyncio.gather(*work)
        for browser in browsers:
            await browser.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("readers", type=int)
    parser.add_argument("proxy")
    parser.add_argument("clinics", help="addresses of clients as a JSON list")
    given = parser.parse_args()
    asyncio.run(day(given.folder, given.readers, given.proxy, json.loads(given.clinics)))


if __name__ == "__main__":
    main()
