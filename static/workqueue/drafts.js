// Keeps the text: in this browser half a second after each change, on the server every ten seconds and when the page
// goes away. A newer text on the server (other tab, other device) is never overwritten without asking.

import { fillForm, sameContent } from "./form_content.js";
import { askWhichText } from "./prompts.js";
import { every, whileShown } from "./screens.js";

const LOCAL_MS = 500;
const SERVER_MS = 10_000;
const UNANSWERED = 5;

export class Drafts {
  constructor({ form, facts, store, server, signs, collect, onLogin }) {
    Object.assign(this, { form, facts, store, server, signs, collect, onLogin });
    this.version = facts.draftVersion;
    this.isDirty = false;
    this.isStopped = false;
    this.changes = 0;
    this.sending = null;
    this.notBefore = 0;
    this.unanswered = []; // texts that the server may have stored although its answer was lost
  }

  get name() {
    return `draft.${this.facts.token}.${this.facts.baseVersion}`;
  }

  start() {
    const changed = () => this.changed();
    this.form.addEventListener("input", changed);
    this.form.addEventListener("change", changed);
    this.form.addEventListener("work:changed", changed);
    every(SERVER_MS, () => this.send());
    addEventListener("pagehide", () => this.sendLast(), whileShown());
    addEventListener("online", () => this.send(), whileShown());
    document.addEventListener("visibilitychange", () => document.visibilityState === "hidden" && this.sendLast(), whileShown());
  }

  stop() {
    this.isStopped = true;
    this.isDirty = false;
    clearTimeout(this.timer);
  }

  changed() {
    if (this.isStopped) return;
    this.isDirty = true;
    this.changes += 1;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.keep(), LOCAL_MS);
    this.signs.chip("not saved yet", "warning");
  }

  keep() {
    if (this.isStopped || !this.isDirty) return;
    const text = { content: this.collect(), draftVersion: this.version, unsent: true, unanswered: this.unanswered };
    const kept = this.store.write(this.name, text);
    if (kept) this.signs.chip("kept on this device", "warning");
    else this.signs.chip("not saved: this browser keeps nothing", "danger");
  }

  // Shows the newest text there is; asks when two differ.
  async restore() {
    const { draft, submitted } = this.facts;
    const local = this.store.read(this.name);
    const stored = draft ?? submitted;
    if (local?.unsent && !(stored && sameContent(local.content, stored))) return this.restoreLocal(local, stored);
    if (stored) fillForm(this.form, stored);
    if (draft) this.signs.saved(this.facts.draftAt, this.version);
    if (submitted && !draft) await this.offerEarlier(submitted);
  }

  async restoreLocal(local, stored) {
    const isOurs = local.unanswered?.some((text) => sameContent(text, stored));
    const isNewer = local.draftVersion === this.version || !stored || isOurs;
    const message = "This text was changed on another device or in another tab. Which one do you want to keep?";
    const choice = isNewer ? "mine" : await askWhichText(message, local.content, stored);
    fillForm(this.form, choice === "mine" ? local.content : stored);
    if (choice === "mine") this.changed();
    else this.store.drop(this.name);
  }

  async offerEarlier(submitted) {
    for (const name of this.store.names(`draft.${this.facts.token}.`).filter((other) => other !== this.name)) {
      const earlier = this.store.read(name);
      this.store.drop(name);
      if (!earlier?.unsent || sameContent(earlier.content, submitted)) continue;
      const message = "You wrote this before the stored version was submitted. Which one do you want to keep?";
      if ((await askWhichText(message, earlier.content, submitted)) !== "mine") continue;
      fillForm(this.form, earlier.content);
      this.changed();
    }
  }

  body() {
    return { content: this.collect(), draft_version: this.version, base_version: this.facts.baseVersion };
  }

  // True when the server has everything. One save at a time.
  async send() {
    while (this.sending) await this.sending; // several may have waited for the same one
    if (this.isStopped || !this.isDirty) return !this.isDirty;
    if (performance.now() < this.notBefore) return false;
    this.sending = this.sendOnce();
    try {
      return await this.sending;
    } finally {
      this.sending = null;
    }
  }

  // Before logging out: everything to this browser, then one try at the server.
  async flush() {
    clearTimeout(this.timer);
    this.keep();
    await this.send();
  }

  async sendOnce() {
    const changes = this.changes;
    const body = this.body();
    const answer = await this.server.post(`${this.facts.calls}draft/`, body);
    if (this.isStopped) return false;
    if (answer.kind === "done") return this.sent(answer.body, body, changes);
    if (answer.kind === "login") await this.onLogin();
    else if (answer.kind === "refused" && answer.status === 409 && answer.body.yours) await this.settle(answer.body);
    else if (answer.kind === "refused") this.refused(answer.body);
    else this.later(answer, body.content);
    return false;
  }

  later({ wait = 0 }, content) {
    this.notBefore = performance.now() + wait;
    this.unanswered = [...this.unanswered, content].slice(-UNANSWERED);
    this.keep();
    this.signs.chip("not saved on the server; kept on this device", "warning");
  }

  refused(problem) {
    this.signs.chip("not saved on the server", "danger");
    this.signs.say(problem.error, "danger");
  }

  sent(reply, body, changes) {
    this.version = reply.draft_version;
    this.unanswered = [];
    this.isDirty = this.changes !== changes;
    this.store.write(this.name, { content: body.content, draftVersion: this.version, unsent: this.isDirty });
    if (!this.isDirty) this.signs.saved(reply.saved_at, this.version);
    return !this.isDirty;
  }

  async settle(conflict) {
    const known = [conflict.yours, ...this.unanswered];
    const isOurs = conflict.content && known.some((text) => sameContent(text, conflict.content));
    const choice = isOurs ? "mine" : await askWhichText(conflict.error, conflict.yours, conflict.content);
    this.version = conflict.current;
    this.unanswered = [];
    if (choice === "mine") return this.changed();
    fillForm(this.form, conflict.content);
    this.store.drop(this.name);
    this.isDirty = false;
    return this.signs.chip(`version ${conflict.current} from the server`, "success");
  }

  // The page goes away: the browser keeps the text at once, the server gets it by a request that outlives the page.
  sendLast() {
    if (this.isStopped || !this.isDirty) return;
    this.keep();
    if (!this.sending && performance.now() >= this.notBefore) this.sendKeepalive();
  }

  async sendKeepalive() {
    const changes = this.changes;
    const body = this.body();
    this.sending = this.server.post(`${this.facts.calls}draft/`, body, { keepalive: true });
    const answer = await this.sending;
    this.sending = null;
    if (answer.kind === "done" && !this.isStopped) this.sent(answer.body, body, changes);
    else if (answer.kind === "later" && !this.isStopped) this.later(answer, body.content);
  }
}
