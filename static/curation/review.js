// The review of a trace: shows what each choice needs, marks changed words, and says what the steps add up to.
// The choices themselves, keys, drafts and sending are those of the work queue (work.js, keys.js).

import { onScreens } from "../workqueue/screens.js";
import { markChanges } from "./word_changes.js";

const TONES = { accepted: "success", edited: "warning", rejected: "danger" };
const WORDS = { accepted: "accepted", edited: "edited", rejected: "rejected" };
const OUTCOMES = {
  accepted: "The trace stands as written",
  edited: "The trace stands with your changes",
  rejected: "The trace is rejected",
};

class Review {
  constructor(form) {
    this.form = form;
    this.cards = [...form.querySelectorAll("[data-step]")];
    this.progress = form.querySelector("[data-review-progress]");
    this.decision = form.querySelector("[data-review-decision]");
    this.whole = form.querySelector("[data-whole]");
  }

  start() {
    this.form.addEventListener("input", (event) => this.changed(event.target));
    this.form.addEventListener("change", (event) => this.changed(event.target));
    this.form.addEventListener("change", (event) => event.isTrusted || this.askWhy(event.target));
    this.form.addEventListener("focusin", (event) => putCaretLast(event.target));
    this.form.addEventListener("work:restored", () => this.showAll());
    // Before work.js sends: it listens on the same form, so this one asks for the capture phase.
    this.form.addEventListener("submit", (event) => this.hold(event), { capture: true });
    this.form.querySelector("[data-accept-rest]").addEventListener("click", () => this.acceptRest());
    for (const link of this.form.querySelectorAll("[data-rail]")) {
      link.addEventListener("click", (event) => this.goTo(event, link.dataset.rail));
    }
    const watch = new MutationObserver(() => this.markCurrent());
    for (const card of this.cards) watch.observe(card, { attributeFilter: ["data-active"] });
    this.showAll();
  }

  changed(target) {
    const card = target.closest?.("[data-step]");
    if (card) this.show(card);
    this.sum();
  }

  // Keeps a review back that the server would refuse, and says at the step what is missing.
  hold(event) {
    const faulty = this.cards.filter((card) => this.tellFault(card));
    if (!faulty.length) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    faulty[0].scrollIntoView({ block: "nearest" });
    const shown = [...faulty[0].querySelectorAll("[data-shows]")].find((part) => !part.hidden);
    shown.querySelector("textarea, input").focus({ preventScroll: true });
  }

  tellFault(card) {
    const text = faultOf(card, this.statusOf(card));
    card.querySelector("[data-error-for]").textContent = text;
    if (text) card.dataset.missing = "";
    return Boolean(text);
  }

  // Rejected by key: the reader goes on with the reason.
  askWhy(target) {
    if (target.value !== "rejected" || !("key" in target.dataset)) return;
    const reasons = target.closest("[data-step]").querySelector("[data-shows=rejected]");
    (reasons.querySelector("input:checked") ?? reasons.querySelector("input")).focus({ preventScroll: true });
  }

  showAll() {
    for (const card of this.cards) this.show(card);
    this.sum();
    this.markCurrent();
  }

  show(card) {
    const status = this.statusOf(card);
    if (status && !faultOf(card, status)) {
      card.querySelector("[data-error-for]").textContent = "";
      delete card.dataset.missing;
    }
    for (const part of card.querySelectorAll("[data-shows]")) part.hidden = part.dataset.shows !== status;
    if (status) card.dataset.tone = TONES[status];
    else delete card.dataset.tone;
    const original = card.querySelector("[data-original]");
    original.hidden = status === "edited";
    if (status === "edited") markChanges(card.querySelector("[data-diff]"), original.textContent, card.querySelector("textarea").value);
    const link = this.linkOf(card);
    if (status) link.dataset.tone = TONES[status];
    else delete link.dataset.tone;
    link.setAttribute("aria-label", `Step ${link.textContent}, ${WORDS[status] ?? "undecided"}`);
  }

  sum() {
    const statuses = this.cards.map((card) => this.statusOf(card));
    const decided = statuses.filter(Boolean);
    this.progress.textContent = `${decided.length} of ${statuses.length} steps`;
    const isWhole = decided.length === statuses.length;
    this.decision.textContent = isWhole ? OUTCOMES[this.whole.checked ? "rejected" : outcome(statuses)] : "";
  }

  statusOf(card) {
    return card.querySelector("input[data-key]:checked")?.value;
  }

  linkOf(card) {
    return this.form.querySelector(`[data-rail="${CSS.escape(card.id)}"]`);
  }

  acceptRest() {
    for (const card of this.cards) {
      if (this.statusOf(card)) continue;
      const radio = card.querySelector("input[value=accepted]");
      radio.checked = true;
      radio.dispatchEvent(new Event("input", { bubbles: true }));
      radio.dispatchEvent(new Event("change", { bubbles: true }));
    }
  }

  goTo(event, id) {
    event.preventDefault();
    const card = document.getElementById(id);
    card.scrollIntoView({ block: "nearest" });
    (card.querySelector("input[data-key]:checked") ?? card.querySelector("input[data-key]")).focus({ preventScroll: true });
  }

  markCurrent() {
    for (const card of this.cards) {
      const link = this.linkOf(card);
      if ("active" in card.dataset) {
        card.setAttribute("aria-current", "step");
        link.setAttribute("aria-current", "step");
      } else {
        card.removeAttribute("aria-current");
        link.removeAttribute("aria-current");
      }
    }
  }
}

function faultOf(card, status) {
  if (status === "rejected" && !card.querySelector("[data-shows=rejected] input:checked")) return "Say why it is rejected.";
  if (status !== "edited") return "";
  const words = (text) => text.trim().split(/\s+/).join(" ");
  const text = words(card.querySelector("textarea").value);
  if (!text) return "Write the new text, or reject the step.";
  return text === words(card.querySelector("[data-original]").textContent) ? "The text is unchanged; accept the step instead." : "";
}

// Once: after that the reader's own place in the text counts.
function putCaretLast(target) {
  if (!target.matches("textarea") || "visited" in target.dataset) return;
  target.dataset.visited = "";
  target.setSelectionRange(target.value.length, target.value.length);
}

function outcome(statuses) {
  if (statuses.every((status) => status === "accepted")) return "accepted";
  return statuses.every((status) => status === "rejected") ? "rejected" : "edited";
}

onScreens("form[data-review]", (form) => new Review(form).start());
