// Two reading aids on [data-answers]: mark what differs, and scroll both answers together. This browser remembers both.

import { changes } from "../curation/word_changes.js";
import { onScreens } from "../workqueue/screens.js";

const STORE = "consilium.reading.";

function remembered(name) {
  try {
    return localStorage.getItem(STORE + name) === "on";
  } catch {
    return false;
  }
}

function remember(name, isOn) {
  try {
    localStorage.setItem(STORE + name, isOn ? "on" : "off");
  } catch {
    // a browser that keeps nothing: the choice holds for this page
  }
}

function aid(button, answers) {
  const name = button.dataset.toggles;
  const show = (isOn) => {
    if (isOn && button.dataset.toggles === "differences") mark(answers);
    answers.toggleAttribute(`data-${name}`, isOn);
    button.setAttribute("aria-pressed", String(isOn));
  };
  show(remembered(name));
  button.addEventListener("click", () => {
    const isOn = button.getAttribute("aria-pressed") !== "true";
    remember(name, isOn);
    show(isOn);
  });
}

// Worked out when it is first asked for: most readers of most cases never ask. White space is never marked.
function mark(answers) {
  const bodies = [...answers.querySelectorAll(".answer-body")];
  if (bodies.length !== 2 || answers.querySelector(".differs")) return;
  const runs = changes(...bodies.map((body) => body.textContent));
  for (const [body, kind] of [[bodies[0], "del"], [bodies[1], "ins"]]) {
    body.replaceChildren(...runs.filter(([of]) => !of || of === kind).map(([of, text]) => (of && text.trim() ? marked(text) : text)));
  }
}

function marked(text) {
  return Object.assign(document.createElement("span"), { className: "differs", textContent: text });
}

// By share of the way, since the answers differ in length. Only the answer under the hand moves the other one.
function linkScrolling(answers) {
  const bodies = [...answers.querySelectorAll(".answer-body")];
  let leader = null;
  for (const body of bodies) {
    for (const sign of ["pointerenter", "focus", "wheel", "touchstart"]) body.addEventListener(sign, () => (leader = body), { passive: true });
    body.addEventListener("scroll", () => {
      if (!answers.hasAttribute("data-linked") || body !== leader) return;
      const way = body.scrollHeight - body.clientHeight;
      for (const other of bodies) if (other !== body) other.scrollTop = (body.scrollTop / (way || 1)) * (other.scrollHeight - other.clientHeight);
    }, { passive: true });
  }
}

onScreens("[data-answers]", (answers) => {
  for (const button of answers.querySelectorAll("[data-toggles]")) aid(button, answers);
  linkScrolling(answers);
});
