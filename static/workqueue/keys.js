// Keys of a work form, for rows of radios that carry data-key:
//   <form data-work data-keys="choices">  compare, adjudicate: 1-4 and 0 choose in the current row and go on
//   <form data-work data-keys="steps">    review: a, e, r decide a step; j and k move between steps
// Enter submits, but only when every row is answered. Keys rest while somebody types, while a dialog is open and when
// the reader switched single keys off; in <image-viewer> only bare digits are ours. The current row carries data-active.
// A radio with data-key-stays keeps the row current and moves to the row's first textarea (edit, reject).
// Inside a row, radios with data-reason-key act too while they are shown; within [data-asks-reason] letters rest, since a
// reader may start to type the reason. Esc leaves a text field or the reasons, back to the current row.

import { isAnswered, rowsOf } from "./rows.js";
import { onScreens, whileShown } from "./screens.js";

const TYPING = "input:not([type=radio], [type=checkbox], [type=button], [type=submit]), textarea, select, [contenteditable]";
const HELP = {
  choices: [["1 2 3 4", "Choose in the current row and go on"], ["0", "Cannot judge"], ["↑ ↓", "Row before, next row"], ["Esc", "Leave a text field"], ["Enter", "Submit when every row is answered"]],
  steps: [["a", "Accept the step and go on"], ["e", "Edit the step"], ["r", "Reject the step"], ["1 2 3 4 5 6", "Reason of a rejected step"], ["Esc", "Leave a text field or the reasons"], ["j k", "Next step, step before"], ["Enter", "Submit when every step is decided"]],
};
const MOVES = { choices: { ArrowDown: 1, ArrowUp: -1 }, steps: { j: 1, k: -1 } };

export class Keys {
  constructor(form) {
    this.form = form;
    this.mode = form.dataset.keys;
  }

  start() {
    document.addEventListener("keydown", (event) => this.press(event), whileShown({ capture: true }));
    this.form.addEventListener("focusin", (event) => this.follow(event.target));
    this.form.addEventListener("click", (event) => this.follow(event.target));
    this.form.addEventListener("work:restored", () => this.activate(this.firstOpen(), false));
    this.activate(this.firstOpen(), false);
  }

  get rows() {
    return rowsOf(this.form);
  }

  get current() {
    return this.rows.find((row) => "active" in row.dataset) ?? this.rows[0];
  }

  firstOpen() {
    return this.rows.find((row) => !isAnswered(row)) ?? this.rows[0];
  }

  press(event) {
    if (event.key === "Escape") this.leave(event);
    if (this.isResting(event)) return;
    if (event.key === "Enter") this.enter(event);
    else if (isStartOfReason(event)) keepFromPage(event);
    else if (MOVES[this.mode]?.[event.key]) this.move(event, MOVES[this.mode][event.key]);
    else if (event.key.length === 1) this.choose(event);
  }

  isResting(event) {
    return event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.repeat
      || this.form.inert || document.documentElement.dataset.keys === "off" || document.querySelector("dialog[open]") !== null
      || isElsewhere(event);
  }

  choose(event) {
    const row = this.current;
    const key = digitOf(event) ?? event.key.toLowerCase();
    const radios = [...(row?.querySelectorAll("input[data-key], input[data-reason-key]") ?? [])];
    const radio = radios.find((input) => keyOf(input) === key && !input.disabled && !input.closest("[hidden]"));
    if (!radio) return;
    keepFromPage(event);
    radio.checked = true;
    radio.dispatchEvent(new Event("input", { bubbles: true }));
    radio.dispatchEvent(new Event("change", { bubbles: true }));
    if ("keyStays" in radio.dataset) row.querySelector("textarea:not([hidden])")?.focus();
    else this.activate(this.after(row), true);
  }

  // The next row without an answer, else the next row, else this one.
  after(row) {
    const rows = this.rows;
    const index = rows.indexOf(row);
    const later = rows.slice(index + 1);
    return later.find((next) => !isAnswered(next)) ?? rows.find((other) => !isAnswered(other)) ?? later[0] ?? row;
  }

  move(event, step) {
    const rows = this.rows;
    const index = Math.min(Math.max(rows.indexOf(this.current) + step, 0), rows.length - 1);
    keepFromPage(event);
    this.activate(rows[index], true);
  }

  leave(event) {
    const field = event.target.closest?.(`${TYPING}, [data-asks-reason]`);
    if (!this.form.contains(field) || field.closest("image-viewer") || event.isComposing || document.querySelector("dialog[open]")) return;
    keepFromPage(event);
    this.activate(this.current, true);
  }

  enter(event) {
    if (event.target.closest?.("button, a, summary, [role=button]")) return;
    keepFromPage(event);
    this.form.requestSubmit();
  }

  follow(target) {
    const row = target.closest?.("[data-work-row], .preference");
    if (row) this.activate(row, false);
  }

  activate(row, moveFocus) {
    for (const other of this.rows) {
      if (other !== row) delete other.dataset.active;
    }
    if (!row) return;
    row.dataset.active = "";
    if (!moveFocus) return;
    (row.querySelector("input[data-key]:checked") ?? row.querySelector("input[data-key]"))?.focus({ preventScroll: true });
    row.scrollIntoView({ block: "nearest" });
  }
}

function keepFromPage(event) {
  event.preventDefault();
  event.stopPropagation();
}

function keyOf(input) {
  return input.dataset.key ?? input.dataset.reasonKey;
}

function isStartOfReason(event) {
  return event.target.closest?.("[data-asks-reason]") && /^\p{L}$/u.test(event.key);
}

// In a text field keys write. In the viewer they are the viewer's, but bare digits vote there too, even on its lists,
// which would search for them; only its number fields keep them.
function isElsewhere(event) {
  if (!event.target.closest?.("image-viewer")) return event.composedPath().some((node) => node instanceof Element && node.matches(TYPING));
  return event.target.matches("input") || event.key.length !== 1 || digitOf(event) === null;
}

// By physical key, so that a French keyboard needs no shift.
function digitOf(event) {
  const found = /^(?:Digit|Numpad)([0-9])$/.exec(event.code ?? "");
  return found && !event.shiftKey ? found[1] : null;
}

// Adds our keys to the list that the frame opens with "?".
function explain(lines) {
  const list = document.getElementById("shortcut-list");
  for (const [keys, meaning] of lines) {
    const term = document.createElement("dt");
    for (const key of keys.split(" ")) {
      const shown = document.createElement("kbd");
      shown.className = "kbd";
      shown.textContent = key;
      term.append(shown, " ");
    }
    const words = document.createElement("dd");
    words.textContent = meaning;
    list?.append(term, words);
  }
}

onScreens("form[data-keys]", (form) => new Keys(form).start());
explain(HELP[document.querySelector("form[data-keys]")?.dataset.keys] ?? []);
