// <image-viewer data-src="/images/1/manifest/ /images/2/manifest/">, or with <a href> children for the same.
// Fires "viewer:seen" (bubbling) some moments after a change: {id, frames: [numbers seen], of, window, inverted}.

import { Controls, element, KEYS, pressed } from "./controls.js";
import { Frames, loadManifest, LoadError, warm } from "./frames.js";
import { paint, Picture } from "./render.js";
import { lengthText, View } from "./view.js";

const REPORT_MS = 400;

function summary({ manifest, seen, window, inverted }) {
  const frames = [...seen].sort((a, b) => a - b);
  return { id: manifest.id, frames, of: manifest.frames.length, window: { ...window }, inverted };
}

function sourcesOf(viewer) {
  const links = [...viewer.querySelectorAll("a[href]")].map((link) => link.getAttribute("href"));
  return (viewer.dataset.src ?? links.join(" ")).split(/\s+/).filter(Boolean);
}

class ImageViewer extends HTMLElement {
  state = { window: { center: 0, width: 1 }, preset: 0, inverted: false, tool: "window", playing: false };
  picture = new Picture();
  view = new View();
  #images = [];
  #current = null;
  #lines = [];
  #cross = null;
  #drag = null;
  #painting = 0;
  #lastPlayed = 0;
  #reporting = 0;
  #abort = new AbortController();
  #observer = new ResizeObserver(() => this.#resized());

  // What was looked at so far, one entry per image that was shown, in the form of the event's detail.
  get facts() {
    return this.#images.filter((image) => image.seen?.size).map(summary);
  }

  connectedCallback() {
    if (!this.stage) this.#build();
    this.#abort = new AbortController();
    this.#observer.observe(this.stage);
    this.#open();
  }

  disconnectedCallback() {
    this.#observer.disconnect();
    this.#abort.abort();
    this.state.playing = false;
    for (const image of this.#images) image.frames?.stop();
  }

  #build() {
    this.sources = sourcesOf(this);
    this.controls = new Controls(this);
    this.canvas = element("canvas", { className: "iv-canvas" });
    const spot = (name) => element("span", { className: `iv-spot iv-${name}` });
    this.spots = Object.fromEntries(["left", "right", "top", "bottom", "label", "facts"].map((name) => [name, spot(name)]));
    this.message = element("div", { className: "iv-message", hidden: true });
    this.help = element("dl", { className: "iv-help", hidden: true });
    for (const [keys, meaning] of KEYS) this.help.append(element("dt", {}, keys), element("dd", {}, meaning));
    this.stage = element(
      "div",
      { className: "iv-stage", tabIndex: 0, role: "application", "aria-roledescription": "image viewer" },
      this.canvas, this.message, this.help,
    );
    // Words stand around the stage, never on it: what lies under a word is not seen.
    const strip = (...names) => element("div", { className: "iv-strip" }, ...names.map((name) => this.spots[name]));
    const { left, right } = this.spots;
    const frame = element("div", { className: "iv-frame" }, strip("label", "top"), left, this.stage, right, strip("facts", "bottom"));
    this.tabs = element("div", { className: "iv-tabs", role: "group", "aria-label": "Images", hidden: true });
    this.result = element("output", { className: "iv-result" });
    const note = element("p", { className: "iv-note" }, "Not for diagnosis. ", this.result);
    this.replaceChildren(this.tabs, frame, this.controls.node, note);
    this.#listen();
  }

  #listen() {
    this.addEventListener("keydown", (event) => this.#key(event));
    const { stage } = this;
    stage.addEventListener("pointerdown", (event) => this.#down(event));
    stage.addEventListener("pointermove", (event) => this.#move(event));
    for (const name of ["pointerup", "pointercancel"]) stage.addEventListener(name, () => this.#up());
    stage.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
    stage.addEventListener("dblclick", () => this.fit());
  }

  // --- loading ---

  async #open() {
    this.#say("Loading the image…");
    try {
      const load = async (url) => ({ manifest: await loadManifest(url, this.#abort.signal) });
      this.#images = await Promise.all(this.sources.map(load));
      if (!this.#images.length) throw new LoadError("No image belongs here.");
    } catch (error) {
      this.#failed(error, () => this.#open());
      return;
    }
    for (const image of this.#images) {
      Object.assign(image, { frames: new Frames(image.manifest), index: 0, seen: new Set(), lines: [] });
    }
    this.#showTabs();
    this.select(0);
  }

  #showTabs() {
    this.tabs.hidden = this.#images.length < 2;
    if (this.tabs.hidden) return this.tabs.replaceChildren(); // nor is a thumbnail fetched that nobody sees
    const tab = ({ manifest }, i) => {
      const name = manifest.label || `Image ${i + 1}`;
      const made = element("button", { type: "button", className: "iv-tab", onclick: () => this.select(i) }, name);
      if (manifest.thumb) made.prepend(element("img", { src: manifest.thumb, alt: "", className: "iv-thumb" }));
      return made;
    };
    return this.tabs.replaceChildren(...this.#images.map(tab));
  }

  select(number) {
    this.stop();
    const image = this.#images[number];
    const { manifest } = image;
    const resting = this.restingTool;
    this.#current = image;
    [...this.tabs.children].forEach((tab, i) => tab.setAttribute("aria-pressed", i === number));
    this.controls.offer(manifest);
    if (this.state.tool === resting) this.useTool(this.restingTool);
    this.#lines = image.lines;
    this.#cross = null;
    this.result.textContent = "";
    this.view.show(manifest);
    this.#resized();
    this.state = { ...this.state, window: image.window ?? manifest.window, preset: image.preset ?? 0, inverted: image.inverted ?? false };
    this.stage.setAttribute("aria-label", manifest.alt || manifest.label || "Medical image");
    ["left", "right", "top", "bottom"].forEach((side, i) => (this.spots[side].textContent = manifest.orientation?.[i] ?? ""));
    this.spots.label.textContent = [manifest.label, manifest.laterality].filter(Boolean).join(" · ");
    return this.#show(image.index);
  }

  async #show(index) {
    const image = this.#current;
    image.index = index;
    try {
      if (!image.frames.ready(index)) this.#say("Loading the image…");
      await image.frames.load(index);
    } catch (error) {
      if (image === this.#current && image.index === index) this.#failed(error, () => this.#show(index));
      return;
    }
    if (image !== this.#current || image.index !== index) return; // the reader has gone on
    this.#say("");
    image.seen.add(index);
    image.frames.around(index);
    this.#changed();
  }

  #say(text) {
    this.stage.setAttribute("aria-busy", Boolean(text));
    this.message.hidden = !text;
    this.message.removeAttribute("role");
    this.message.replaceChildren(text);
  }

  #failed(error, again) {
    if (error.name === "AbortError") return;
    this.stop();
    this.#say(error instanceof LoadError ? error.message : "The image could not be shown.");
    this.stage.setAttribute("aria-busy", false);
    this.message.setAttribute("role", "alert");
    const retry = () => {
      this.stage.focus();
      again();
    };
    this.message.append(element("button", { type: "button", className: "iv-button", onclick: retry }, "Try again"));
  }

  // --- drawing ---

  #resized() {
    this.view.resize(this.stage.clientWidth, this.stage.clientHeight);
    this.#redraw();
  }

  #changed() {
    const { window, preset, inverted } = this.state;
    Object.assign(this.#current, { window, preset, inverted });
    this.controls.show(this.state);
    this.#redraw();
    clearTimeout(this.#reporting);
    this.#reporting = setTimeout(() => this.#report(), REPORT_MS);
  }

  #redraw() {
    this.#painting ||= requestAnimationFrame(() => {
      this.#painting = 0;
      this.#paint();
    });
  }

  #paint() {
    const image = this.#current;
    const frame = image?.frames.ready(image.index);
    if (!frame) return;
    const { window, inverted } = this.state;
    this.picture.draw(image.manifest, frame, { window, inverted, hurried: Boolean(this.#drag) });
    const lines = this.#lines.filter((line) => line.frame === image.index);
    if (this.#cross) lines.push(this.#crossLine());
    paint(this.canvas, this.picture, this.view, lines);
    const short = (value) => Number(value.toPrecision(4));
    const count = image.manifest.frames.length;
    this.spots.facts.textContent = [
      count > 1 ? `${image.index + 1} / ${count}` : "",
      this.#hasWindow ? `W ${short(window.width)} L ${short(window.center)}` : "",
      `${Math.round(this.view.scale * 100)} %`,
    ].filter(Boolean).join("   ");
  }

  #report() {
    this.dispatchEvent(new CustomEvent("viewer:seen", { bubbles: true, detail: summary(this.#current) }));
  }

  // --- what buttons and keys do; each returns true: "the key was mine" ---

  // Colour is shown as it is: there is nothing to window.
  get #hasWindow() {
    return this.#current?.manifest.kind !== "colour";
  }

  get restingTool() {
    return this.#hasWindow ? "window" : "pan";
  }

  step(by) {
    if (!this.#current) return true;
    const last = this.#current.manifest.frames.length - 1;
    const index = Math.min(last, Math.max(0, this.#current.index + by));
    if (index !== this.#current.index) this.#show(index);
    return true;
  }

  useWindow(window, preset = -1) {
    this.state.window = { center: window.center, width: Math.max(1, window.width) };
    this.state.preset = preset;
    if (this.#current) this.#changed();
    return true;
  }

  usePreset(number) {
    const preset = this.#hasWindow && this.#current?.manifest.presets?.[number];
    return preset ? this.useWindow(preset, number) : true;
  }

  invert() {
    this.state.inverted = !this.state.inverted;
    if (this.#current) this.#changed();
  }

  zoom(factor, at) {
    this.view.zoom(factor, at);
    this.#redraw();
  }

  pan(dx, dy) {
    this.view.pan(dx, dy);
    this.#redraw();
    return true;
  }

  fit() {
    this.view.fit();
    this.#redraw();
  }

  reset() {
    if (!this.#current) return;
    this.#lines.length = 0;
    this.#cross = null;
    this.result.textContent = "";
    this.view.fit();
    this.state.inverted = false;
    this.useTool(this.restingTool);
    this.useWindow(this.#current.manifest.window, 0);
  }

  useTool(name) {
    this.state.tool = name;
    this.stage.dataset.tool = name;
    this.#cross = null;
    this.controls.show(this.state);
    this.#redraw();
  }

  toggleHelp() {
    this.help.hidden = !this.help.hidden;
  }

  escape() {
    if (!this.help.hidden) this.help.hidden = true;
    else if (this.state.tool !== this.restingTool) this.useTool(this.restingTool);
    else document.activeElement?.blur();
  }

  playOrStop() {
    this.state.playing = !this.state.playing && this.#current?.manifest.frames.length > 1;
    this.controls.show(this.state);
    if (this.state.playing) requestAnimationFrame((now) => this.#play(now));
  }

  stop() {
    if (this.state.playing) this.playOrStop();
  }

  #play(now) {
    if (!this.state.playing) return;
    const image = this.#current;
    const next = (image.index + 1) % image.manifest.frames.length;
    if (now - this.#lastPlayed >= 1000 / Number(this.controls.speed.value)) {
      this.#lastPlayed = now;
      if (image.frames.ready(image.index)) this.#show(next); // wait for a frame rather than skip it
    }
    requestAnimationFrame((later) => this.#play(later));
  }

  // --- measuring ---

  #crossLine() {
    const { point, from } = this.#cross;
    return { from: from ?? point, to: point, text: from ? lengthText(this.#current.manifest, from, point) : "" };
  }

  #setPoint(point) {
    if (!this.#cross?.from) {
      this.#cross = { from: point, point };
    } else {
      this.#cross.point = point;
      const line = this.#crossLine();
      this.#lines.push({ ...line, frame: this.#current.index });
      this.result.textContent = `Length ${line.text}.`;
      this.#cross = null;
    }
    this.#redraw();
  }

  measureKey({ key, shiftKey }) {
    const { manifest } = this.#current ?? {};
    const direction = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[key];
    if (!manifest || (!direction && key !== "Enter")) return false;
    this.#cross ??= { point: { row: manifest.rows / 2, column: manifest.columns / 2 } };
    if (!direction) {
      this.#setPoint(this.#cross.point);
      return true;
    }
    const { row, column } = this.#cross.point;
    const far = shiftKey ? 10 : 1;
    const within = (value, most) => Math.min(most, Math.max(0, value));
    this.#cross.point = {
      row: within(row + direction[0] * far, manifest.rows),
      column: within(column + direction[1] * far, manifest.columns),
    };
    this.#redraw();
    return true;
  }

  // --- pointer, wheel and keys ---

  #at(event) {
    const box = this.stage.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  }

  #down(event) {
    if (!this.#current || event.target.closest("button")) return;
    this.stage.focus();
    this.stage.setPointerCapture(event.pointerId);
    const at = this.#at(event);
    const tool = event.button === 0 ? this.state.tool : "pan";
    this.#drag = { at, tool, start: at };
    if (tool === "length") this.#setPoint(this.view.toImage(at));
  }

  #move(event) {
    const at = this.#at(event);
    if (this.state.tool === "length" && this.#cross?.from) {
      this.#cross.point = this.view.toImage(at);
      this.#redraw();
    }
    if (!this.#drag) return;
    const [dx, dy] = [at.x - this.#drag.at.x, at.y - this.#drag.at.y];
    this.#drag.at = at;
    if (this.#drag.tool === "pan") this.pan(dx, dy);
    if (this.#drag.tool === "window") {
      const { center, width } = this.state.window;
      const step = Math.max(1, this.#current.manifest.window.width) / 400;
      this.useWindow({ center: center + dy * step, width: width + dx * step });
    }
  }

  #up() {
    const drag = this.#drag;
    this.#drag = null;
    if (!drag) return;
    const far = Math.hypot(drag.at.x - drag.start.x, drag.at.y - drag.start.y) > 5;
    if (drag.tool === "length" && far && this.#cross?.from) this.#setPoint(this.view.toImage(drag.at));
    this.#redraw();
  }

  #wheel(event) {
    if (!this.#current) return;
    const many = this.#current.manifest.frames.length > 1;
    if (event.ctrlKey) this.zoom(event.deltaY < 0 ? 1.1 : 1 / 1.1, this.#at(event));
    else if (many) this.step(Math.sign(event.deltaY));
    else return; // a single picture lets the page scroll
    event.preventDefault();
  }

  #key(event) {
    if (event.target.closest("input, select")) {
      event.stopPropagation();
      return;
    }
    const onButton = event.target.closest("button") && (event.key === " " || event.key === "Enter");
    if (onButton || pressed(this, event)) {
      event.stopPropagation();
      if (!onButton) event.preventDefault();
    }
  }
}

customElements.define("image-viewer", ImageViewer);

// The images of the next piece of work (workqueue/ahead.js) are here before it is shown.
document.addEventListener("work:ahead", ({ detail }) => detail.page.querySelectorAll("image-viewer").forEach((viewer) => warm(sourcesOf(viewer))));
