// data-hotkey="n" on a link, button or field: pressing n (not while typing) clicks or focuses it; on a radio group it
// chooses the next radio. Two keys in a row are written "g s"; data-hotkey-also="Backspace" is a second key for the same.
// Every hotkey on the page is listed in the ? dialog.
// A page with its own key handling calls preventDefault() and this module stays out of the way.

const SEQUENCE_MS = 900;
const TYPING = "input:not([type=radio], [type=checkbox], [type=button], [type=submit]), textarea, select, [contenteditable]";
let pending = "";
let pendingSince = 0;

function resting(event) {
  return event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.repeat
    || document.documentElement.dataset.keys === "off" || event.target.closest?.(TYPING)
    || (document.querySelector("dialog[open]") && event.key !== "Escape");
}

function act(element) {
  if (element.matches("[role=radiogroup]")) chooseNext(element);
  else if (element.matches("input, textarea, select")) element.focus();
  else element.click();
}

function chooseNext(group) {
  const radios = [...group.querySelectorAll("input[type=radio]")];
  const next = radios[(radios.findIndex((radio) => radio.checked) + 1) % radios.length];
  next.focus({ preventScroll: true });
  next.click();
}

document.addEventListener("keydown", (event) => {
  if (resting(event) || (event.key.length !== 1 && event.key !== "Backspace")) return;
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
  return [...document.querySelectorAll("[data-hotkey]")].find(
    ({ dataset, disabled }) => [dataset.hotkey, dataset.hotkeyAlso].includes(keys) && !disabled,
  );
}

function openList() {
  const dialog = document.getElementById("shortcuts");
  const list = document.getElementById("shortcut-list");
  for (const old of list.querySelectorAll("[data-listed]")) old.remove();
  for (const element of document.querySelectorAll("[data-hotkey]")) {
    list.append(keysOf(element.dataset), meaningOf(element));
  }
  dialog.showModal();
}

function keysOf({ hotkey, hotkeyAlso }) {
  const term = document.createElement("dt");
  term.dataset.listed = "";
  term.append(...hotkey.split(" ").map(keyShown));
  if (hotkeyAlso) term.append(" or ", keyShown(hotkeyAlso));
  return term;
}

function keyShown(key) {
  const shown = document.createElement("kbd");
  shown.className = "kbd";
  shown.textContent = key;
  return shown;
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
