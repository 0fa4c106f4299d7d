// The toolbar, and the keys that work while the viewer has the focus. Bare digits are not among them: they vote.

export const KEYS = [
  ["↑ ↓  Page Up/Down", "previous or next image of the series"],
  ["Home  End", "first or last"],
  ["Shift + 1 – 8", "window presets"],
  ["I", "invert"],
  ["R", "reset"],
  ["F", "fit to the frame"],
  ["+  −", "zoom"],
  ["Shift + arrows", "move the image"],
  ["Space", "play or stop"],
  ["L", "measure a length: arrows move the cross, Enter sets a point"],
  ["Esc", "leave the tool, then the viewer"],
  ["?", "this list"],
];

const WINDOW = "Drag changes window and level";
const NO_WINDOW = "Colour: no window or level";

export function element(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name in made && name !== "list") made[name] = value;
    else made.setAttribute(name, value);
  }
  made.append(...children);
  return made;
}

function button(text, label, key, onclick) {
  const made = element("button", { type: "button", className: "iv-button", textContent: text, onclick });
  if (label !== text) made.setAttribute("aria-label", label);
  made.title = key ? `${label} (${key})` : label;
  if (key) made.setAttribute("aria-keyshortcuts", key);
  return made;
}

// Enter takes the number over by giving the keyboard back: in a form it would send an answer.
function numberInput(label, onchange, leave) {
  const onkeydown = (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    leave();
  };
  const input = element("input", { type: "number", step: "any", className: "iv-number", onchange, onkeydown });
  return { input, field: element("label", { className: "iv-field" }, label, input) };
}

export class Controls {
  #viewer;

  constructor(viewer) {
    this.#viewer = viewer;
    this.node = element("div", { className: "iv-toolbar", role: "toolbar", "aria-label": "Image tools" });
    this.tools = {
      window: button("Window", WINDOW, "", () => viewer.useTool("window")),
      pan: button("Move", "Move the image by dragging", "", () => viewer.useTool("pan")),
      length: button("Length", "Measure a length", "L", () => viewer.useTool("length")),
    };
    this.preset = element("select", { className: "iv-select", "aria-label": "Window preset", title: "Window preset (Shift + its number)" });
    this.preset.onchange = () => viewer.usePreset(Number(this.preset.value));
    this.level = numberInput("L", () => this.#typed(), () => viewer.stage.focus());
    this.width = numberInput("W", () => this.#typed(), () => viewer.stage.focus());
    this.width.input.min = 1;
    this.noWindow = element("span", { className: "iv-reason" }, NO_WINDOW);
    this.invert = button("Invert", "Invert black and white", "I", () => viewer.invert());
    this.play = button("Play", "Play the frames", "Space", () => viewer.playOrStop());
    this.speed = element("select", { className: "iv-select", "aria-label": "Frames per second" });
    for (const fps of [5, 10, 15, 25]) this.speed.append(element("option", { value: fps, textContent: `${fps}/s` }));
    this.speed.value = "10";
    this.#assemble();
  }

  #assemble() {
    const viewer = this.#viewer;
    const group = (...children) => element("div", { className: "iv-group" }, ...children);
    this.series = group(
      button("‹", "Previous frame", "ArrowUp", () => viewer.step(-1)),
      button("›", "Next frame", "ArrowDown", () => viewer.step(1)),
      this.play,
      this.speed,
    );
    this.node.append(
      group(...Object.values(this.tools)),
      group(this.preset, this.width.field, this.level.field, this.noWindow, this.invert),
      group(
        button("−", "Zoom out", "-", () => viewer.zoom(1 / 1.25)),
        button("+", "Zoom in", "+", () => viewer.zoom(1.25)),
        button("Fit", "Fit to the frame", "F", () => viewer.fit()),
        button("Reset", "Reset window, zoom and lengths", "R", () => viewer.reset()),
      ),
      this.series,
      group(button("Keys", "List the keys", "?", () => viewer.toggleHelp())),
    );
  }

  #typed() {
    const [center, width] = [this.level.input.valueAsNumber, this.width.input.valueAsNumber];
    if (Number.isFinite(center) && width >= 1) this.#viewer.useWindow({ center, width });
    else this.show(this.#viewer.state);
  }

  offer(manifest) {
    const option = ({ name }, i) => element("option", { value: i, textContent: `${i + 1} ${name}` });
    this.preset.replaceChildren(...(manifest.presets ?? []).map(option), element("option", { value: -1, textContent: "Own" }));
    this.series.hidden = manifest.frames.length < 2;
    this.#offerWindow(manifest.kind !== "colour");
  }

  #offerWindow(isOffered) {
    this.tools.window.disabled = !isOffered;
    this.tools.window.title = isOffered ? WINDOW : NO_WINDOW;
    for (const part of [this.preset, this.width.field, this.level.field]) part.hidden = !isOffered;
    this.noWindow.hidden = isOffered;
  }

  show({ window, preset, inverted, tool, playing }) {
    this.preset.value = preset;
    this.preset.lastElementChild.hidden = preset !== -1;
    this.level.input.value = Number(window.center.toPrecision(6));
    this.width.input.value = Number(window.width.toPrecision(6));
    this.invert.setAttribute("aria-pressed", inverted);
    this.play.textContent = playing ? "Stop" : "Play";
    this.play.setAttribute("aria-label", playing ? "Stop playing" : "Play the frames");
    for (const [name, made] of Object.entries(this.tools)) made.setAttribute("aria-pressed", name === tool);
  }
}

const PAN = { ArrowLeft: [30, 0], ArrowRight: [-30, 0], ArrowUp: [0, 30], ArrowDown: [0, -30] };

// Returns whether the key means something to the viewer; the caller then keeps it from the page.
export function pressed(viewer, event) {
  const { key } = event;
  if (event.ctrlKey || event.metaKey || event.altKey) return false;
  if (viewer.state.tool === "length" && viewer.measureKey(event)) return true;
  if (event.shiftKey && key in PAN) return viewer.pan(...PAN[key]);
  const step = { ArrowUp: -1, PageUp: -1, ArrowDown: 1, PageDown: 1, Home: -Infinity, End: Infinity }[key];
  if (step !== undefined) return viewer.step(step);
  const preset = event.shiftKey && /^Digit([1-9])$/.exec(event.code); // by place: layouts differ in what Shift writes there
  if (preset) return viewer.usePreset(Number(preset[1]) - 1);
  const actions = {
    i: () => viewer.invert(),
    r: () => viewer.reset(),
    f: () => viewer.fit(),
    l: () => viewer.useTool(viewer.state.tool === "length" ? viewer.restingTool : "length"),
    "+": () => viewer.zoom(1.25),
    "=": () => viewer.zoom(1.25),
    "-": () => viewer.zoom(1 / 1.25),
    " ": () => viewer.playOrStop(),
    "?": () => viewer.toggleHelp(),
    Escape: () => viewer.escape(),
    Enter: () => {}, // on the page Enter sends an answer: never by accident from here
  };
  const action = actions[key.length === 1 ? key.toLowerCase() : key];
  action?.();
  return Boolean(action);
}
