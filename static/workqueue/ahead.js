// The next pieces, fetched while this one is judged and kept in this page only. A screen may fetch what belongs to it (its
// images) when it hears "work:ahead" on the document; detail.page is the document of that piece.

import { parsed } from "./screens.js";

const AFTER_MS = 1000;
const FRESH_MS = 10 * 60_000;

const kept = new Map(); // by address: { page, token, calls, after, until }

export class Ahead {
  constructor(server, { token, calls }) {
    Object.assign(this, { server, token, calls });
  }

  // A moment after the screen is there: what is shown now goes before what may be shown next.
  start(signal) {
    const timer = setTimeout(() => this.fetchAll(), AFTER_MS);
    signal.addEventListener("abort", () => clearTimeout(timer), { once: true });
    this.signal = signal;
  }

  async fetchAll() {
    let last = this;
    while (last && !this.signal.aborted) last = follower(last.token) ?? (await this.fetchAfter(last));
  }

  async fetchAfter({ token, calls }) {
    const answer = await this.server.post(`${calls}ahead/`, {}, { asksScreen: true });
    const page = answer.body?.screen ? parsed(answer.body.screen) : null;
    const form = page?.querySelector("main form[data-work]");
    if (!form) return null;
    const piece = { page, token: form.dataset.token, calls: form.dataset.calls, after: token, until: performance.now() + FRESH_MS };
    kept.set(answer.body.next, piece);
    document.dispatchEvent(new CustomEvent("work:ahead", { detail: { page } }));
    return piece;
  }
}

function follower(token) {
  for (const [url, piece] of kept) {
    if (piece.until < performance.now()) kept.delete(url);
    else if (piece.after === token) return piece;
  }
  return null;
}

// The tokens of what is here, for the header X-Work-Ahead: the server need not send it again.
export function tokensAhead() {
  const now = performance.now();
  return [...kept.values()].filter(({ until }) => until > now).map(({ token }) => token).join(" ");
}

// The document of the piece at that address, once; null when it is not here.
export function takeAhead(url) {
  const piece = kept.get(url);
  kept.delete(url);
  return piece?.page ?? null;
}
