// What a work screen tells the reader: the saved-state chip, one notice above the form, errors beside the fields.

export class Signs {
  constructor(form) {
    this.form = form;
    this.notice = null;
  }

  chip(text, tone = "") {
    for (const chip of document.querySelectorAll("[data-work-saved]")) {
      if (chip.textContent !== text) chip.textContent = text;
      if (tone) chip.dataset.tone = tone;
      else delete chip.dataset.tone;
    }
  }

  saved(at, version) {
    const time = new Date(at).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
    this.chip(`saved ${time}, v${version}`, "success");
  }

  // An empty text takes the notice away.
  say(text, tone = "info") {
    this.notice?.remove();
    this.notice = null;
    if (!text) return;
    this.notice = document.createElement("div");
    this.notice.className = "banner";
    this.notice.dataset.tone = tone;
    this.notice.dataset.workNotice = "";
    this.notice.setAttribute("role", tone === "danger" ? "alert" : "status");
    this.notice.textContent = text;
    const place = document.querySelector("[data-work-notices]") ?? this.form;
    place.prepend(this.notice);
  }

  waiting(count) {
    for (const pill of document.querySelectorAll("[data-work-waiting]")) {
      pill.hidden = count === 0;
      pill.textContent = count === 1 ? "1 answer waits to be sent" : `${count} answers wait to be sent`;
    }
  }

  clearErrors() {
    for (const row of this.form.querySelectorAll("[data-missing]")) delete row.dataset.missing;
    for (const field of this.form.querySelectorAll("[aria-invalid]")) field.removeAttribute("aria-invalid");
    for (const place of this.form.querySelectorAll("[data-error-for]")) place.textContent = "";
  }

  // `errors` maps a field's dotted name to words; focuses the first one on the page.
  fieldErrors(message, errors) {
    this.clearErrors();
    const unplaced = [];
    const marked = [];
    for (const [name, words] of Object.entries(errors)) {
      const fields = this.fieldsOf(name);
      fields.forEach((field) => this.mark(field));
      marked.push(...fields);
      const place = this.form.querySelector(`[data-error-for="${CSS.escape(name)}"]`);
      if (place) place.textContent = words;
      else unplaced.push(words);
    }
    this.say([message, ...new Set(unplaced)].join(" "), "danger");
    marked.sort((one, other) => (one.compareDocumentPosition(other) & Node.DOCUMENT_POSITION_FOLLOWING ? -1 : 1));
    marked[0]?.focus();
  }

  fieldsOf(name) {
    const all = [...this.form.elements].filter((field) => field.name);
    const exact = all.filter((field) => field.name === name);
    return exact.length ? exact : all.filter((field) => field.name.startsWith(`${name}.`)).slice(0, 1);
  }

  mark(field) {
    field.setAttribute("aria-invalid", "true");
    const row = field.closest("[data-work-row], .preference");
    if (row) row.dataset.missing = "";
  }
}
