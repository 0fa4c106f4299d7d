"""The viewer in Chromium: its pixels are those of Python, its keys its own, its pages obey the policy."""

import base64
import io
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from curation.imaging.display import to8, window_table
from curation.imaging.protocol import Rebuilt, Window
from curation.imaging.sandbox import rebuild
from tests.curation.imaging.conftest import frame_of
from tests.curation.imaging.viewer_site import Site, serving
from tests.factories import dicom as makers
from tests.harness.browsers import shut
from tests.harness.playwright_api import Browser, Page, expect

pytestmark = pytest.mark.browser

NAMES = [
    "CT_small.dcm",
    "MR_small.dcm",
    "J2K_pixelrep_mismatch.dcm",
    "JPEGLSNearLossless_16.dcm",
    "JPEG-lossy.dcm",
]


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> list[Rebuilt]:
    folder = tmp_path_factory.mktemp("viewer")
    out = folder / "out"
    out.mkdir()
    stack = np.stack([np.roll(makers.ramp(128, 96, high=3000), 400 * i) for i in range(30)]).astype(np.uint16)
    chest = makers.dicom(
        folder / "cr.dcm",
        makers.ramp(100, 50).astype(np.uint16),
        Modality="DX",
        PhotometricInterpretation="MONOCHROME1",
        ImagerPixelSpacing=[0.2, 0.1],
        ImageLaterality="L",
    )
    series = makers.dicom(
        folder / "ct.dcm", stack, PixelSpacing=[0.5, 0.5], WindowCenter="1500", WindowWidth="3000"
    )
    files = [
        *(makers.BUNDLED / name for name in NAMES),
        series,
        chest,
        makers.BUNDLED / "SC_rgb_small_odd.dcm",
    ]
    kept = [image for image in rebuild(files, out, key=makers.KEY) if isinstance(image, Rebuilt)]
    assert len(kept) == len(files)
    return kept


@pytest.fixture
def site() -> Iterator[Site]:
    with serving() as site:
        yield site


@pytest.fixture
def page(chromium: Browser, site: Site) -> Iterator[Page]:
    """A page that may neither complain on its console nor break the content security policy.

    It goes before the site does: frames that it still fetches must not meet a closed door.
    """
    context = chromium.new_context(viewport={"width": 1280, "height": 800}, device_scale_factor=2)
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    assert page.evaluate("window.violations") == []
    shut(context)
    # A broken server is announced by the browser itself.
    assert [text for text in complaints if "status of 500" not in text] == []


def opened(page: Page, address: str) -> Any:
    page.goto(address)
    expect(page.locator(".iv-facts")).to_contain_text("%")
    return page.locator("image-viewer")


def pixels(viewer: Any) -> np.ndarray:
    viewer.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    address = viewer.evaluate("viewer => viewer.picture.canvas.toDataURL('image/png')")
    with Image.open(io.BytesIO(base64.b64decode(address.partition(",")[2]))) as picture:
        return np.asarray(picture.convert("RGB"))


def test_canvas_equals_python(page: Page, site: Site, images: list[Rebuilt]) -> None:
    compared = 0
    for image in images[:7]:
        facts = image.facts
        viewer = opened(page, site.publish([image]))
        full = facts.presets[-1]
        for window in (
            facts.window,
            Window(center=full.center, width=full.width),
            Window(center=50.5, width=1),
        ):
            viewer.evaluate("(viewer, window) => viewer.useWindow(window)", vars_of(window))
            table = window_table(facts.slope, facts.intercept, window, inverted=facts.inverted)
            expected = to8(frame_of(image), table).astype(int)
            shown = pixels(viewer).astype(int)
            assert np.abs(shown - expected[:, :, None]).max() <= 1
            compared += 1
    assert compared == 21


def vars_of(window: Window) -> dict[str, float]:
    return {"center": window.center, "width": window.width}


def test_colour_is_shown_as_it_is(page: Page, site: Site, images: list[Rebuilt]) -> None:
    viewer = opened(page, site.publish([images[7]]))
    assert np.array_equal(pixels(viewer), frame_of(images[7]))


def test_the_visible_canvas_is_sharp_and_stretched_by_the_spacing(
    page: Page, site: Site, images: list[Rebuilt]
) -> None:
    viewer = opened(page, site.publish([images[6]]))  # 100 x 50 pixels, twice as high as wide each
    box = viewer.evaluate("viewer => viewer.view.box()")
    assert box["height"] / box["width"] == pytest.approx(4.0)
    sizes = viewer.evaluate("viewer => [viewer.canvas.width, viewer.stage.clientWidth]")
    assert sizes[0] == 2 * sizes[1]


def facts_text(page: Page) -> str:
    return page.locator(".iv-facts").inner_text()


def test_keyboard_walk(page: Page, site: Site, images: list[Rebuilt]) -> None:
    viewer = opened(page, site.publish([images[5]]))
    page.locator(".iv-stage").focus()
    expect(page.locator(".iv-facts")).to_contain_text("1 / 30")
    for key, expected in [
        ("ArrowDown", "2 / 30"),
        ("PageDown", "3 / 30"),
        ("End", "30 / 30"),
        ("ArrowDown", "30 / 30"),
        ("ArrowUp", "29 / 30"),
        ("Home", "1 / 30"),
    ]:
        page.keyboard.press(key)
        expect(page.locator(".iv-facts")).to_contain_text(expected)
    page.keyboard.press("Shift+Digit3")
    expect(page.locator(".iv-facts")).to_contain_text("W 1500 L -600")
    page.keyboard.press("i")
    expect(page.get_by_role("button", name="Invert black and white")).to_have_attribute(
        "aria-pressed", "true"
    )
    page.keyboard.press("+")
    page.keyboard.press("Shift+ArrowLeft")
    assert viewer.evaluate("viewer => viewer.view.fitted") is False
    page.keyboard.press("f")
    assert viewer.evaluate("viewer => viewer.view.fitted") is True
    page.keyboard.press("r")
    expect(page.locator(".iv-facts")).to_contain_text("W 3000 L 1500")
    page.keyboard.press("Space")
    expect(page.locator(".iv-facts")).not_to_contain_text("1 / 30")
    page.keyboard.press("Space")
    expect(page.get_by_role("button", name="Play the frames")).to_be_visible()
    page.keyboard.press("?")
    expect(page.locator(".iv-help")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator(".iv-help")).to_be_hidden()
    page.keyboard.press("Enter")
    assert page.evaluate("window.votes") == []
    page.keyboard.press("2")  # a bare digit votes, wherever the focus is
    assert page.evaluate("window.votes") == ["2"]
    expect(page.locator(".iv-facts")).to_contain_text("W 3000 L 1500")
    page.keyboard.press("Escape")
    page.keyboard.press("i")
    assert page.evaluate("window.votes")[-1] == "i"


def test_keys_of_the_page_stay_the_pages(page: Page, site: Site, images: list[Rebuilt]) -> None:
    opened(page, site.publish([images[5]]))
    page.locator("#before").focus()
    before = facts_text(page)
    for key in ("1", "3", "ArrowDown", "i", "?"):
        page.keyboard.press(key)
    assert page.evaluate("window.votes") == ["1", "3", "ArrowDown", "i", "?"]
    assert facts_text(page) == before


def test_every_action_has_a_labelled_button_of_sufficient_size(
    page: Page, site: Site, images: list[Rebuilt]
) -> None:
    opened(page, site.publish([images[5]]))
    controls = page.locator("image-viewer :is(button, select, input):visible")
    names = controls.evaluate_all("all => all.map(one => one.ariaLabel ?? one.textContent ?? '')")
    assert controls.count() >= 16
    assert all(
        names[i].strip() or controls.nth(i).evaluate("one => one.labels?.length > 0")
        for i in range(len(names))
    )
    boxes = [controls.nth(i).bounding_box() for i in range(controls.count())]
    assert all(box and box["width"] >= 24 and box["height"] >= 24 for box in boxes)
    page.get_by_role("button", name="Next frame").click()
    expect(page.locator(".iv-facts")).to_contain_text("2 / 30")
    page.get_by_role("combobox", name="Window preset").select_option("2")
    expect(page.locator(".iv-facts")).to_contain_text("W 1500 L -600")
    page.get_by_label("W", exact=True).fill("500")
    page.get_by_label("W", exact=True).press("Enter")
    expect(page.locator(".iv-facts")).to_contain_text("W 500 L -600")


@pytest.mark.parametrize(
    ("number", "expected"),
    [(5, "10.0 mm"), (6, "4.0 mm at detector"), (2, "20.0 px")],
    ids=["mm", "plate", "px"],
)
def test_length_by_keyboard(
    page: Page, site: Site, images: list[Rebuilt], number: int, expected: str
) -> None:
    image = images[number]
    changes: dict[str, Any] = {"spacing": None} if expected.endswith("px") else {}
    opened(page, site.publish([image], **changes))
    page.locator(".iv-stage").focus()
    for key in ("l", "Enter", *["Shift+ArrowDown"] * 2, "Enter"):
        page.keyboard.press(key)
    expect(page.get_by_role("status")).to_have_text(f"Length {expected}.")


def test_length_by_pointer_on_oblong_pixels(page: Page, site: Site, images: list[Rebuilt]) -> None:
    viewer = opened(page, site.publish([images[6]]))
    page.get_by_role("button", name="Measure a length").click()
    stage = page.locator(".iv-stage").bounding_box()
    assert stage is not None
    ends = [
        viewer.evaluate("(viewer, point) => viewer.view.toStage(point)", point)
        for point in ({"row": 20, "column": 10}, {"row": 50, "column": 50})
    ]
    page.mouse.move(stage["x"] + ends[0]["x"], stage["y"] + ends[0]["y"])
    page.mouse.down()
    page.mouse.move(stage["x"] + ends[1]["x"], stage["y"] + ends[1]["y"], steps=4)
    page.mouse.up()
    # 30 rows of 0.2 mm and 40 columns of 0.1 mm
    expect(page.get_by_role("status")).to_have_text("Length 7.2 mm at detector.")


def drag(page: Page) -> None:
    """100 px to the right, 50 up, on the image."""
    box = page.locator(".iv-stage").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 200, box["y"] + 200)
    page.mouse.down()
    page.mouse.move(box["x"] + 300, box["y"] + 150, steps=4)
    page.mouse.up()


def test_drag_changes_the_window(page: Page, site: Site, images: list[Rebuilt]) -> None:
    viewer = opened(page, site.publish([images[0]]))
    drag(page)
    window = viewer.evaluate("viewer => viewer.state.window")
    assert window["width"] > 1647
    assert window["center"] < -37.5


def test_colour_has_nothing_to_window(page: Page, site: Site, images: list[Rebuilt]) -> None:
    viewer = opened(page, site.publish([images[7], images[0]]))
    window = page.get_by_role("button", name="Drag changes window and level")
    expect(window).to_be_disabled()
    expect(window).to_have_attribute("title", "Colour: no window or level")
    expect(page.locator(".iv-reason")).to_be_visible()
    expect(page.get_by_role("combobox", name="Window preset")).to_be_hidden()
    expect(page.locator(".iv-facts")).not_to_contain_text("W ")
    state = viewer.evaluate("viewer => [viewer.state.window, viewer.view.x, viewer.state.tool]")
    drag(page)
    assert viewer.evaluate("viewer => viewer.view.x") == pytest.approx(state[1] + 100)
    page.keyboard.press("Shift+Digit2")
    page.keyboard.press("r")
    assert viewer.evaluate("viewer => [viewer.state.window, viewer.view.x, viewer.state.tool]") == state
    assert np.array_equal(pixels(viewer), frame_of(images[7]))
    page.get_by_role("button", name="CT 1").click()  # a grey picture has its window again
    expect(window).to_be_enabled()
    expect(window).to_have_attribute("aria-pressed", "true")
    expect(page.locator(".iv-facts")).to_contain_text("W ")


def test_enter_in_a_number_field_takes_the_number_and_sends_nothing(
    page: Page, site: Site, images: list[Rebuilt]
) -> None:
    viewer = opened(page, site.publish([images[0]]))
    viewer.evaluate("""viewer => {
        const form = document.createElement("form");
        viewer.replaceWith(form);
        form.append(viewer, Object.assign(document.createElement("button"), { textContent: "Submit" }));
        form.addEventListener("submit", (event) => { event.preventDefault(); window.votes.push("sent"); });
    }""")
    expect(page.locator(".iv-facts")).to_contain_text("%")
    page.get_by_label("W", exact=True).fill("500")
    page.get_by_label("W", exact=True).press("Enter")
    expect(page.locator(".iv-facts")).to_contain_text("W 500")
    expect(page.locator(".iv-stage")).to_be_focused()
    assert page.evaluate("window.votes") == []


def test_page_learns_what_was_seen(page: Page, site: Site, images: list[Rebuilt]) -> None:
    opened(page, site.publish([images[5]]))
    page.locator(".iv-stage").focus()
    page.keyboard.press("ArrowDown")
    expect(page.locator("#votes")).to_have_text("frames seen: 2")  # a frame that was never drawn is not seen
    page.keyboard.press("End")
    expect(page.locator("#votes")).to_have_text("frames seen: 3")
    detail = page.evaluate("window.seen.at(-1)")
    assert detail == {
        "id": 5,
        "frames": [0, 1, 29],
        "of": 30,
        "window": {"center": 1500, "width": 3000},
        "inverted": False,
    }


def test_several_images_keep_their_own_window(page: Page, site: Site, images: list[Rebuilt]) -> None:
    opened(page, site.publish(images[:3]))
    page.locator(".iv-stage").focus()
    page.keyboard.press("Shift+Digit3")
    expect(page.locator(".iv-facts")).to_contain_text("W 1500 L -600")
    page.get_by_role("button", name="MR 2").click()
    expect(page.locator(".iv-facts")).to_contain_text("W 1600 L 600")
    page.get_by_role("button", name="CT 1").click()
    expect(page.locator(".iv-facts")).to_contain_text("W 1500 L -600")
    seen = page.locator("image-viewer").evaluate(
        "viewer => viewer.facts.map(fact => [fact.id, fact.window.width])"
    )
    assert seen == [[0, 1500], [1, 1600]]


def test_neighbours_are_fetched_and_others_are_not(page: Page, site: Site, images: list[Rebuilt]) -> None:
    opened(page, site.publish([images[5]]))
    page.wait_for_load_state("networkidle")
    frames = sorted({path for path in site.asked if path.endswith(".bin")})
    assert frames == [f"/images/5/frame-{i:04d}.bin" for i in range(6)]


def test_memory_stays_within_the_budget(page: Page, site: Site, images: list[Rebuilt]) -> None:
    opened(page, site.publish([images[5]]))
    kept = page.evaluate("""async () => {
        const { cache } = await import("/static/viewer/frames.js");
        for (let i = 0; i < 400; i += 1) cache.put(`x${i}`, new Uint16Array(1 << 20));
        return [cache.bytes, cache.get("x0") === undefined, cache.get("x399") !== undefined];
    }""")
    assert kept[0] <= 256 << 20
    assert kept[1:] == [True, True]


@pytest.mark.parametrize("path", ["manifest/", "frame-0000.bin"])
def test_failure_is_said_and_can_be_tried_again(
    page: Page, site: Site, images: list[Rebuilt], path: str
) -> None:
    address = site.publish([images[5]])
    site.broken.add(f"/images/5/{path}")
    page.goto(address)
    expect(page.get_by_role("alert")).to_contain_text("The server answered with error 500.")
    site.broken.clear()
    page.get_by_role("button", name="Try again").click()
    expect(page.locator(".iv-facts")).to_contain_text("1 / 30")
    assert page.get_by_role("alert").count() == 0


def test_damaged_frame_is_said(page: Page, site: Site, images: list[Rebuilt]) -> None:
    address = site.publish([images[0]])
    site.files["/images/0/frame-0000.bin"] = site.files["/images/0/frame-0000.bin"][:50]
    page.goto(address)
    expect(page.get_by_role("alert")).to_contain_text("The image arrived damaged.")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_it_looks_right_in_both_themes(page: Page, site: Site, images: list[Rebuilt], theme: str) -> None:
    opened(page, site.publish(images[:6], theme=theme))
    page.locator(".iv-stage").focus()
    page.keyboard.press("?")
    shot = page.screenshot()
    assert len(shot) > 20_000
    folder = os.environ.get("CONSILIUM_SHOTS")
    if folder:
        Path(folder).mkdir(parents=True, exist_ok=True)
        Path(folder, f"viewer-{theme}.png").write_bytes(shot)
