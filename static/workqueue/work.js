// The one module of every work screen: <form data-work ...> (templates/workqueue/form_attributes.html).
// Screens may use: [data-work-saved] chip, [data-work-waiting] pill, buttons [data-work-postpone], [data-work-finish]
// (put off, and open nothing else) and [data-work-skip],
// [data-work-notices] place of the notice, [data-error-for="choices.accuracy"] place of a field's error,
// [data-work-row] (or .preference) rows of radios that must all be answered before anything is sent.
// Events on the form: "work:restored" after stored content was shown; dispatch "work:changed" after a change that is no
// input event; "work:collect" lets the screen add to detail.content before it is read.

import { ActiveTime } from "./active_time.js";
import { Ahead, takeAhead, tokensAhead } from "./ahead.js";
import { Drafts } from "./drafts.js";
import { readContent } from "./form_content.js";
import { LocalStore } from "./local_store.js";
import { Outbox } from "./outbox.js";
import { askReason, askToLogIn, askToSign, askWhichText } from "./prompts.js";
import { rowsOf, isAnswered } from "./rows.js";
import { every, onScreens, parsed, turnTo, whileShown } from "./screens.js";
import { Server, untilThen } from "./server.js";
import { Signs } from "./signs.js";

const HEARTBEAT_MS = 30_000;
const GONE_MS = 10 * 60_000;

export function factsOf(data) {
  const parsed = (text) => (text ? JSON.parse(text) : null);
  return {
    token: data.token,
    calls: data.calls,
    queue: data.queue,
    baseVersion: Number(data.baseVersion),
    draftVersion: Number(data.draftVersion),
    draft: parsed(data.draft),
    draftAt: data.draftAt,
    submitted: parsed(data.submitted),
  };
}

class WorkScreen {
  constructor(form) {
    this.form = form;
    this.facts = factsOf(form.dataset);
    this.store = new LocalStore(form.dataset.person);
    this.server = new Server(form.dataset);
    this.signs = new Signs(form);
    this.time = new ActiveTime(Number(form.dataset.active));
    const onLogin = () => this.logIn();
    const collect = () => this.collect();
    this.drafts = new Drafts({ form, facts: this.facts, store: this.store, server: this.server, signs: this.signs, collect, onLogin });
    this.outbox = new Outbox(this.store, this.server, { onWaiting: (count, answer) => this.waiting(count, answer), onLogin });
    this.isSending = false;
  }

  async start() {
    const { signal } = whileShown();
    this.time.start();
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.submit();
    });
    this.on("[data-work-postpone]", () => this.putOff("postpone"));
    this.on("[data-work-finish]", () => this.putOff("finish"));
    this.on("[data-work-skip]", () => this.skip());
    document.addEventListener("work:flush", ({ detail }) => detail.waits.push(this.drafts.flush()), whileShown());
    document.addEventListener("work:left", () => this.drafts.stop(), whileShown());
    every(HEARTBEAT_MS, () => this.beat());
    addEventListener("pageshow", (event) => event.persisted && location.reload(), whileShown());
    addEventListener("beforeunload", (event) => this.drafts.isDirty && this.store.broken && event.preventDefault(), whileShown());
    this.outbox.deliverLeftovers(this.facts.token);
    await this.drafts.restore();
    this.drafts.start();
    this.form.dataset.ready = "";
    if (!this.facts.baseVersion) new Ahead(this.server, this.facts).start(signal);
    const left = this.outbox.names.find((name) => name.startsWith(`outbox.${this.facts.token}.`));
    if (left) await this.deliver(left, this.store.read(left));
  }

  on(selector, act) {
    for (const button of document.querySelectorAll(selector)) button.addEventListener("click", () => !this.isSending && act());
  }

  collect() {
    const content = readContent(this.form);
    this.form.dispatchEvent(new CustomEvent("work:collect", { bubbles: true, detail: { content } }));
    return content;
  }

  logIn() {
    this.loggingIn ??= askToLogIn(this.form.dataset.login, () => this.server.whoIsThere()).finally(() => {
      this.loggingIn = null;
    });
    return this.loggingIn;
  }

  waiting(count, answer) {
    this.signs.waiting(count);
    if (answer.status === 429) this.signs.say(`${untilThen(answer.wait)} Your answer is kept on this device and sent by itself.`, "warning");
    else if (answer.kind === "later") this.signs.say("The server cannot be reached. Your answer is kept on this device and sent by itself; you can leave this page open.", "warning");
  }

  // Marks unanswered rows; true when all are answered.
  isComplete() {
    const missing = rowsOf(this.form).filter((row) => !isAnswered(row));
    this.signs.clearErrors();
    for (const row of missing) row.dataset.missing = "";
    if (!missing.length) return true;
    this.signs.say(missing.length === 1 ? "One answer is missing." : `${missing.length} answers are missing.`, "danger");
    missing[0].querySelector("input")?.focus();
    return false;
  }

  async submit() {
    if (this.isSending || !this.isComplete()) return;
    const { signUrl, signName, signMeaning, signProof, signPage, signProvider } = this.form.dataset;
    if (signUrl) {
      await this.sign({ url: signUrl, name: signName, meaning: signMeaning, proof: signProof, page: signPage, provider: signProvider });
      return;
    }
    const base = this.facts.baseVersion;
    const { token, calls } = this.facts;
    const key = this.store.submissionKey(token, base);
    const body = { content: this.collect(), key, active_seconds: this.time.seconds, base_version: base };
    this.drafts.keep();
    await this.deliver(`outbox.${token}.${base}`, { url: `${calls}submit/`, body });
  }

  async deliver(name, entry) {
    this.lock(true);
    const answer = await this.outbox.deliver(name, entry, { asksScreen: true, ahead: tokensAhead() });
    if (answer.kind === "done") return this.goOn(answer.body);
    this.lock(false);
    return this.refused(answer.status, answer.body, entry.body);
  }

  lock(isSending) {
    this.isSending = isSending;
    this.form.inert = isSending;
    if (isSending) this.signs.chip("sending", "");
    else this.signs.say("");
  }

  // The next piece is here already, or came with the answer, and takes the place of this one; else its page is loaded.
  goOn({ next, screen, notice }) {
    const page = takeAhead(next) ?? (screen ? parsed(screen) : null);
    if (!page) return this.leave(next);
    this.forget();
    if (!turnTo(next, page)) return location.assign(next);
    if (notice) document.dispatchEvent(new CustomEvent("toast", { detail: { text: notice, tone: "warning" } }));
    return undefined;
  }

  leave(next) {
    this.forget();
    location.assign(next ?? this.facts.queue);
  }

  forget() {
    this.drafts.stop();
    this.store.forgetClaim(this.facts.token);
  }

  async refused(status, problem, sent) {
    this.signs.chip("not submitted; kept on this device", "danger");
    if (problem.sign) return this.sign(problem.sign);
    if (status === 422) return this.signs.fieldErrors(problem.error, problem.fields ?? {});
    if (status !== 409 || !problem.current) return this.signs.say(problem.error, "danger");
    const choice = await askWhichText(problem.error, sent.content, problem.content);
    if (choice === "stored") {
      this.drafts.stop();
      this.store.forgetClaim(this.facts.token);
      return location.reload();
    }
    this.facts.baseVersion = problem.current;
    return this.submit();
  }

  // Once per sitting, for work that is signed; then the same answer is sent again.
  async sign(asked) {
    const send = async (password) => {
      const answer = await this.server.post(asked.url, { password });
      if (answer.kind !== "login") return answer;
      await this.logIn();
      return send(password);
    };
    if (!(await askToSign(asked, send))) return;
    delete this.form.dataset.signUrl;
    await this.submit();
  }

  async putOff(call) {
    await this.drafts.send();
    await this.giveBack(call, {});
  }

  async skip() {
    const reason = await askReason();
    if (reason !== null) await this.giveBack("skip", { reason });
  }

  async giveBack(call, body) {
    const answer = await this.server.post(`${this.facts.calls}${call}/`, body);
    if (answer.kind === "done") return this.leave(answer.body.next);
    if (answer.kind === "login") return this.logIn().then(() => this.giveBack(call, body));
    const later = answer.status === 429 ? untilThen(answer.wait) : "The server could not be reached. Try again.";
    const text = answer.kind === "refused" ? answer.body.error : later;
    return this.signs.say(text, "danger");
  }

  async beat() {
    const isGone = this.time.now() - this.time.lastSign > GONE_MS;
    if (isGone || this.isSending || this.loggingIn) return;
    const answer = await this.server.post(`${this.facts.calls}heartbeat/`, { active_seconds: this.time.seconds });
    if (answer.kind === "login") this.logIn();
    else if (answer.kind === "done" && answer.body.notice) this.signs.say(answer.body.notice, "warning");
    else if (answer.kind === "refused") this.signs.say(answer.body.error, "danger");
  }
}

onScreens("form[data-work]", (form) => new WorkScreen(form).start());
