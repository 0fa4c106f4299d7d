"""The screens on which a case is compared, as browser.py drives and watches them: ours and a peer's."""

from dataclasses import dataclass
from typing import Any

import label_studio
from playwright.sync_api import Browser
from server import Server

# When the submitting key is pressed, the name of the shown case and the time are kept in the session of the
# tab, because the page may be left in between. The case counts as painted two frames after it is there.
WATCH = """
const now = () => performance.timeOrigin + performance.now();
const shown = () => %(shown)s;
addEventListener("keydown", (event) => {
  if (%(submits)s) sessionStorage.setItem("pressed", JSON.stringify([shown(), now()]));
}, { capture: true });
function look() {
  const pressed = JSON.parse(sessionStorage.getItem("pressed") ?? "null");
  if (!pressed || !shown() || shown() === pressed[0] || !(%(drawn)s)) return;
  sessionStorage.removeItem("pressed");
  requestAnimationFrame(() => requestAnimationFrame(() => {
    const taken = JSON.parse(sessionStorage.getItem("taken") ?? "[]");
    sessionStorage.setItem("taken", JSON.stringify([...taken, now() - pressed[1]]));
  }));
}
const everything = { subtree: true, childList: true, characterData: true, attributes: true };
new MutationObserver(look).observe(document, everything);
document.addEventListener("load", look, { capture: true });
"""
SIGN_IN_MS = 60_000


@dataclass(frozen=True, slots=True)
class Screen:
    """One reader's screen: its address, who is logged in, how it is worked and watched.

    `ready`: a selector that is there once a case takes answers; `keys` give all answers, `submit` sends them;
    `image`: what the addresses of pictures hold; `ahead`: how the address ends that is asked for the next
    case while this one is judged, empty where none is.
    """

    name: str
    address: str
    cookies: list[Any]
    watch: str
    ready: str
    keys: str
    submit: str
    image: str
    ahead: str = ""


def of_consilium(server: Server) -> Screen:
    """A reader's first case."""
    base, filled = f"http://127.0.0.1:{server.web.port}", server.filled
    return Screen(
        name=server.name,
        address=base + server.sit(0).first(),
        cookies=[{"name": filled.cookie, "value": filled.sessions["reader0"], "url": base}],
        watch=WATCH
        % {
            "shown": 'document.querySelector("form[data-work]")?.dataset.token',
            "submits": 'event.key === "Enter"',
            "drawn": 'document.querySelector(".iv-facts")?.textContent'
            ' && document.querySelector("form[data-ready]")',
        },
        ready="form[data-ready]",
        keys="111111",
        submit="Enter",
        image="/frames/",
        ahead="/ahead/",
    )


def of_label_studio(peer: label_studio.LabelStudio, browser: Browser) -> Screen:
    """An annotator's first task; logs in through its form, once."""
    base = f"http://127.0.0.1:{peer.web.port}"
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{base}/user/login/")
    page.fill("input[name=email]", "reader0@peer.example")
    page.fill("input[name=password]", label_studio.PASSWORD)
    page.click("button[type=submit]")
    page.wait_for_url(lambda url: "/user/login" not in url, timeout=SIGN_IN_MS)
    cookies: list[Any] = list(context.cookies())
    context.close()
    return Screen(
        name=peer.name,
        address=f"{base}/projects/{peer.project}/data?labeling=1",
        cookies=cookies,
        watch=WATCH
        % {
            "shown": 'document.querySelector(".lsf-current-task__task-id")?.firstChild?.textContent',
            "submits": 'event.key === "Enter" && event.ctrlKey',
            "drawn": 'document.querySelectorAll("input[type=radio]").length === 12'
            ' && !document.querySelector("input[type=radio]:checked")'
            " && document.querySelector('[name=submit]:not([disabled])')"
            ' && [...document.querySelectorAll("img")].some((one) => one.complete && one.naturalWidth > 500)',
        },
        ready="[name=submit]:not([disabled])",
        keys="13579q",
        submit="Control+Enter",
        image="/data/upload/",
    )
