// The verdict of <form data-verdict>: reason rows that come and go, written reasons, what is still missing, chips
// that adopt a reader's choice, and what of the images was seen (content.viewer).

import { isAnswered, rowsOf } from "../workqueue/rows.js";
import { onScreens, whileShown } from "../workqueue/screens.js";

class Verdict {
  constructor(form) {
    this.form = form;
    this.seen = {};
  }

  start() {
    document.addEventListener("submit", (event) => this.check(event), whileShown({ capture: true }));
    for (const name of ["change", "work:restored"]) this.form.addEventListener(name, () => this.sync());
    this.form.addEventListener("work:restored", () => this.openFilledNotes());
    this.form.addEventListener("click", (event) => this.click(event));
    this.form.addEventListener("work:collect", ({ detail }) => Object.assign(detail.content, { viewer: this.seen }));
    this.form.addEventListener("viewer:seen", ({ detail }) => this.saw(detail));
    new MutationObserver(() => this.showActive()).observe(this.form, { subtree: true, attributeFilter: ["data-active"] });
    this.sync();
    this.showActive();
  }

  sync() {
    for (const row of this.form.querySelectorAll("[data-reason-of]")) this.syncReason(row);
    for (const note of this.form.querySelectorAll(".verdict-note")) this.syncNote(note);
    for (const chip of this.form.querySelectorAll("[data-adopts]")) {
      chip.setAttribute("aria-pressed", String(this.chosen(chip.dataset.adopts) === chip.dataset.value));
    }
    this.state();
  }

  chosen(name) {
    return this.form.querySelector(`[name="${name}"]:checked`)?.value;
  }

  syncReason(row) {
    row.hidden = this.chosen(row.dataset.reasonOf) !== "cannot_judge";
    if (row.hidden) for (const radio of row.querySelectorAll(":checked")) radio.checked = false;
  }

  syncNote(button) {
    const area = this.noteOf(button).querySelector("textarea");
    button.toggleAttribute("data-filled", area.value.trim() !== "");
  }

  noteOf(button) {
    return document.getElementById(button.getAttribute("aria-controls"));
  }

  get missing() {
    return rowsOf(this.form).filter((row) => !isAnswered(row));
  }

  // Nothing incomplete leaves the page: the open rows are marked and the first one gets the focus.
  check(event) {
    const missing = this.missing;
    if (event.target !== this.form || !missing.length) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    for (const row of missing) row.dataset.missing = "";
    this.form.querySelector("[data-still-missing]").dataset.tone = "danger";
    missing[0].querySelector("input[data-key]").focus();
  }

  state() {
    const missing = this.missing.map(nameOf);
    const place = this.form.querySelector("[data-still-missing]");
    this.form.querySelector("[data-submits]").disabled = missing.length > 0;
    place.textContent = statement(missing, rowsOf(this.form).length);
    delete place.dataset.tone;
    for (const row of this.form.querySelectorAll("[data-missing]")) if (isAnswered(row)) delete row.dataset.missing;
  }

  click(event) {
    const note = event.target.closest(".verdict-note");
    if (note) this.toggleNote(note, note.getAttribute("aria-expanded") !== "true", true);
    const chip = event.target.closest("[data-adopts]");
    if (chip) this.adopt(chip.dataset);
  }

  toggleNote(button, isOpen, moveFocus) {
    button.setAttribute("aria-expanded", String(isOpen));
    this.noteOf(button).hidden = !isOpen;
    if (isOpen && moveFocus) this.noteOf(button).querySelector("textarea").focus();
  }

  openFilledNotes() {
    for (const button of this.form.querySelectorAll(".verdict-note[data-filled]")) this.toggleNote(button, true, false);
  }

  adopt({ adopts, value }) {
    const radio = this.form.querySelector(`[name="${adopts}"][value="${value}"]`);
    radio.checked = true;
    radio.dispatchEvent(new Event("change", { bubbles: true }));
  }

  saw({ id, frames, of, window }) {
    this.seen[`image-${id}`] = `${frames.length} of ${of} frames, window ${Math.round(window?.width ?? 0)}/${Math.round(window?.center ?? 0)}`;
  }

  // What the row asks, in words; where the rows scroll in their own frame, the row itself too.
  showActive() {
    const place = this.form.querySelector("[data-shown-meaning]");
    const active = this.form.querySelector(".preference[data-active]");
    if (place) place.textContent = active?.closest("[data-meaning]")?.dataset.meaning ?? "";
    const frame = this.form.querySelector(".verdict");
    if (frame.scrollHeight > frame.clientHeight) frame.querySelector("[data-active]")?.scrollIntoView({ block: "nearest" });
  }
}

function nameOf(row) {
  return (row.querySelector("[data-name]")?.dataset.name ?? row.querySelector(".preference-name")?.textContent ?? "").trim().toLowerCase();
}

function statement(missing, rows) {
  if (!missing.length) return "Every row is answered.";
  if (missing.length === rows) return `${missing.length} rows to answer.`;
  return `Still to answer: ${missing.join(", ")}.`;
}

onScreens("form[data-verdict]", (form) => new Verdict(form).start());
