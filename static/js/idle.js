// Ends the session on a shared computer when nobody did anything for a while (CONSILIUM_IDLE_MINUTES): the server does so
// too, this script warns before, saves what was written, and takes the page off the screen. Only what a person does counts:
// keys, pointer, touch. Tabs of the same person share the time of the last sign.

const SIGNS = ["pointerdown", "pointermove", "keydown", "wheel", "touchstart"];
const TICK_MS = 1000;
const TELL_MS = 20_000;
const WARN_MS = 60_000;
const SAY_EVERY = 15;
const PATIENCE_MS = 5000;

class Idle {
  constructor({ idle, idleStay, idleLeave, idleLogin, idlePerson }) {
    Object.assign(this, { stayUrl: idleStay, leaveUrl: idleLeave, login: idleLogin, person: idlePerson, name: `consilium.active.${idlePerson}` });
    this.limit = Number(idle) * 1000;
    this.warn = Math.min(WARN_MS, this.limit / 2);
    this.told = Date.now();
    this.mark(Date.now());
  }

  start() {
    for (const sign of SIGNS) document.addEventListener(sign, () => this.sign(), { passive: true, capture: true });
    this.timer = setInterval(() => this.tick(), TICK_MS);
    addEventListener("pageshow", (event) => event.persisted && location.reload());
  }

  // While it is asked whether somebody is there, only the answer counts.
  sign() {
    if (this.dialog || Date.now() - this.last < TICK_MS) return;
    this.mark(Date.now());
  }

  mark(at) {
    this.last = at;
    try {
      localStorage.setItem(this.name, String(at));
    } catch {
      // A browser that keeps nothing counts for each tab alone.
    }
  }

  get lastAnywhere() {
    try {
      return Math.max(this.last, Number(localStorage.getItem(this.name)) || 0);
    } catch {
      return this.last;
    }
  }

  tick() {
    const now = Date.now();
    const last = this.lastAnywhere;
    if (last > this.told && now - this.told > TELL_MS) this.tell();
    const left = this.limit - (now - last);
    if (left <= 0) this.leave();
    else if (left <= this.warn) this.ask(Math.ceil(left / 1000));
    else this.dialog?.close();
  }

  async tell() {
    this.told = Date.now();
    const answer = await this.post(this.stayUrl);
    if (answer?.type === "opaqueredirect") this.leave();
  }

  ask(seconds) {
    if (this.dialog) return this.count(seconds);
    const dialog = document.createElement("dialog");
    dialog.className = "dialog";
    dialog.setAttribute("role", "alertdialog");
    dialog.setAttribute("aria-labelledby", "idle-title");
    dialog.setAttribute("aria-describedby", "idle-text");
    dialog.append(piece("div", "dialog-header", named("idle-title", piece("h2", "", "Are you still there?"))), this.body());
    this.dialog = dialog;
    // However it was closed: by the button, by Escape, or because the person is at another tab.
    dialog.addEventListener("close", () => {
      dialog.remove();
      this.dialog = null;
      this.mark(Date.now());
      this.tell();
    });
    document.body.append(dialog);
    dialog.showModal();
    dialog.querySelector(".button-primary").focus();
    return this.count(seconds);
  }

  body() {
    const text = named("idle-text", piece("p", "", "Nothing happened here for a while. You are logged out in "));
    this.left = piece("strong", "number", "");
    this.said = piece("p", "visually-hidden", "");
    this.said.setAttribute("role", "status");
    text.append(this.left, ". What you wrote is kept for you.");
    const [go, stay] = [piece("button", "button", "Log out now"), piece("button", "button button-primary", "Stay logged in")];
    for (const button of [go, stay]) button.type = "button";
    go.addEventListener("click", () => this.leave());
    stay.addEventListener("click", () => this.dialog.close());
    return piece("div", "dialog-body", text, this.said, piece("div", "dialog-actions", go, stay));
  }

  count(seconds) {
    const words = seconds === 1 ? "1 second" : `${seconds} seconds`;
    this.left.textContent = words;
    if (seconds % SAY_EVERY === 0) this.said.textContent = `Logged out in ${words}.`;
  }

  async leave() {
    clearInterval(this.timer);
    const waits = [];
    document.dispatchEvent(new CustomEvent("work:flush", { detail: { waits } }));
    await Promise.race([Promise.allSettled(waits), new Promise((resolve) => setTimeout(resolve, PATIENCE_MS))]);
    await this.post(this.leaveUrl);
    const { pathname, search } = location;
    location.replace(`${this.login}?${new URLSearchParams({ next: pathname + search })}`);
  }

  async post(url) {
    const headers = { "X-CSRFToken": JSON.parse(document.body.getAttribute("hx-headers"))["X-CSRFToken"] };
    try {
      const body = new URLSearchParams({ person: this.person });
      return await fetch(url, { method: "POST", headers, body, credentials: "same-origin", redirect: "manual" });
    } catch {
      return null; // the server keeps the time as well
    }
  }
}

function piece(tag, className, ...children) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  made.append(...children);
  return made;
}

function named(id, made) {
  made.id = id;
  return made;
}

if (document.body.dataset.idle) new Idle(document.body.dataset).start();
