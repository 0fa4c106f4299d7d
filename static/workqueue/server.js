// Talks to the server. An answer is one of
//   {kind: "done", body}            2xx with JSON
//   {kind: "refused", status, body} the server understood and says no (body.error says why)
//   {kind: "later", status, wait}   no network, no answer, 429 or 5xx: nothing is known, send the same again, after at
//                                   least `wait` milliseconds where the server said so (Retry-After)
//   {kind: "login"}                 the session is over
// HTML instead of JSON (a captive portal, a proxy's page) never counts as done.

const PATIENCE_MS = 30_000;
const LONGEST_WAIT_MS = 15 * 60_000;

// What to tell a person who did more in a short time than the server takes.
export function untilThen(wait) {
  const time = new Date(Date.now() + wait).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", second: "2-digit" });
  return `That was a lot in a short time: the server takes more at ${time}.`;
}

export class Server {
  constructor({ session, csrf, person, version = "" }) {
    Object.assign(this, { sessionUrl: session, csrf, person, version });
  }

  // `asksScreen`: the answer may hold the next screen, for scripts of this version; `ahead`: tokens of those that are here.
  async post(url, body, { keepalive = false, asksScreen = false, ahead = "" } = {}) {
    const signal = keepalive ? undefined : AbortSignal.timeout(PATIENCE_MS);
    const headers = { "Content-Type": "application/json", "X-CSRFToken": this.csrf };
    if (asksScreen) headers["X-Work-Screen"] = this.version;
    if (ahead) headers["X-Work-Ahead"] = ahead;
    const options = { method: "POST", headers, body: JSON.stringify(body), redirect: "manual", credentials: "same-origin", keepalive, signal };
    try {
      return await understood(await fetch(url, options));
    } catch {
      return { kind: "later", status: 0 };
    }
  }

  // "same": logged in as the same person (the CSRF token is fresh now), "other", "nobody" or "unknown".
  async whoIsThere() {
    try {
      const options = { redirect: "manual", credentials: "same-origin", cache: "no-store", signal: AbortSignal.timeout(PATIENCE_MS) };
      const answer = await understood(await fetch(this.sessionUrl, options));
      if (answer.kind === "login") return "nobody";
      if (answer.kind !== "done") return "unknown";
      if (answer.body.person !== this.person) return "other";
      this.csrf = answer.body.csrf;
      return "same";
    } catch {
      return "unknown";
    }
  }
}

async function understood(response) {
  if (response.type === "opaqueredirect" || response.status === 401) return { kind: "login" };
  const body = await jsonOf(response);
  if (response.status === 429 || response.status >= 500) return { kind: "later", status: response.status, wait: waitOf(response) };
  if (body === null) return response.status === 403 ? { kind: "login" } : { kind: "later", status: response.status };
  return response.ok ? { kind: "done", body } : { kind: "refused", status: response.status, body };
}

function waitOf(response) {
  const seconds = Number(response.headers.get("Retry-After"));
  return seconds > 0 ? Math.min(seconds * 1000, LONGEST_WAIT_MS) : 0;
}

async function jsonOf(response) {
  if (!(response.headers.get("Content-Type") ?? "").startsWith("application/json")) return null;
  try {
    const body = await response.json();
    return body !== null && typeof body === "object" ? body : null;
  } catch {
    return null;
  }
}
