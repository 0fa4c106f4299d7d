// Finished work that the server has not confirmed yet. Kept in the browser, sent again by itself with the same key,
// so that it is stored exactly once; visible while it waits.

import { whileShown } from "./screens.js";

const FIRST_WAIT_MS = 2000;
const LONGEST_WAIT_MS = 60_000;

export class Outbox {
  constructor(store, server, { onWaiting, onLogin }) {
    Object.assign(this, { store, server, onWaiting, onLogin });
    this.wait = FIRST_WAIT_MS;
    this.wakers = new Set();
    addEventListener("online", () => this.wake(), whileShown());
  }

  get names() {
    return this.store.names("outbox.");
  }

  // onWaiting(count, answer): so many answers wait; the server's answer.
  // Sends until the server said yes or no; gives that answer.
  async deliver(name, entry, options = {}) {
    this.store.write(name, entry);
    for (;;) {
      const answer = await this.server.post(entry.url, entry.body, options);
      if (answer.kind === "done" || answer.kind === "refused") {
        this.store.drop(name);
        this.wait = FIRST_WAIT_MS;
        this.onWaiting(this.names.length, answer);
        return answer;
      }
      this.onWaiting(this.names.length, answer);
      if (answer.kind === "login") await this.onLogin();
      else if (answer.wait) await new Promise((resolve) => setTimeout(resolve, answer.wait));
      else await this.pause();
    }
  }

  // What an earlier page left behind; those of `except` belong to the form on this page.
  async deliverLeftovers(except = null) {
    const answers = [];
    for (const name of this.names.filter((left) => !except || !left.startsWith(`outbox.${except}.`))) {
      const entry = this.store.read(name);
      const answer = entry?.url?.startsWith("/") ? await this.deliver(name, entry) : null;
      if (answer?.kind === "done") this.store.forgetClaim(name.split(".")[1]);
      if (answer) answers.push(answer);
      else this.store.drop(name);
    }
    return answers;
  }

  pause() {
    const wait = this.wait;
    this.wait = Math.min(this.wait * 2, LONGEST_WAIT_MS);
    return new Promise((resolve) => {
      const waker = () => {
        clearTimeout(timer);
        this.wakers.delete(waker);
        resolve();
      };
      const timer = setTimeout(waker, wait);
      this.wakers.add(waker);
    });
  }

  wake() {
    this.wait = FIRST_WAIT_MS;
    for (const waker of this.wakers) waker();
  }
}
