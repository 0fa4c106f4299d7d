// data-hotkey="n" on a link, button or field: pressing n (not while typing) clicks or focuses it.
// Two keys in a row are written "g s". Every hotkey on the page is listed in the ? dialog.
// A page with its own key handling calls preventDefault() and this module stays out of the way.

const SEQUENCE_MS = 900;
const TYPING = "input:not([type=radio], [type=checkbox], [type=button], [type=submit]), textarea, select, [contenteditable]";
let pending = "";
let pendingSince = 0;

function resting(event) {
  return event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing
    || document.documentElement.dataset.keys === "off" || event.target.closest?.(TYPING)
    || (document.querySelector("dialog[open]") && event.key !== "Escape");
}

function act(element) {
  if (element.matches("input, textarea, select")) element.focus();
  else element.click();
}

document.addEventListener("keydown", (event) => {
  if (resting(event) || event.key.length !== 1) return;
  if (event.key === "?") {
    openList();
    event.preventDefault();
    return;
  }
  const keys = event.timeStamp - pendingSince < SEQUENCE_MS && pending ? `${pending} ${event.key}` : event.key;
  const target = find(keys) ?? find(event.key);
  pending = event.key;
  pendingSince = event.timeStamp;
  if (target) {
    pending = "";
    event.preventDefault();
    act(target);
  }
});

function find(keys) {
  return [...document.querySelectorAll("[data-hotkey]")].find((element) => element.dataset.hotkey === keys && !element.disabled);
}

function openList() {
  const dialog = document.getElementById("shortcuts");
  const list = document.getElementById("shortcut-list");
  for (const old of list.querySelectorAll("[data-listed]")) old.remove();
  for (const element of document.querySelectorAll("[data-hotkey]")) {
    list.append(keysOf(element.dataset.hotkey), meaningOf(element));
  }
  dialog.showModal();
}

function keysOf(hotkey) {
  const term = document.createElement("dt");
  term.dataset.listed = "";
  for (const key of hotkey.split(" ")) {
    const shown = document.createElement("kbd");
    shown.className = "kbd";
    shown.textContent = key;
    term.append(shown);
  }
  return term;
}

function meaningOf(element) {
  const meaning = document.createElement("dd");
  meaning.dataset.listed = "";
  meaning.textContent = element.dataset.hotkeyLabel ?? element.getAttribute("aria-label") ?? element.textContent.trim();
  return meaning;
}

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-opens-dialog='shortcuts']")) {
    event.stopPropagation();
    openList();
  }
}, true);
