// Manifests and frames: fetched, unpacked and kept within a budget of bytes shared by all viewers of the page.

const BUDGET_BYTES = 256 * 1024 * 1024;
const AHEAD = 5;

export class LoadError extends Error {}

async function request(url, signal) {
  let response;
  try {
    response = await fetch(url, { signal, credentials: "same-origin", cache: "no-store" });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new LoadError("The image could not be fetched: the server did not answer.");
  }
  if (response.status === 401 || response.redirected) throw new LoadError("You are no longer signed in.");
  if (response.status === 403 || response.status === 404) throw new LoadError("This image is not available to you.");
  if (response.status === 503) throw new LoadError("The server cannot reach its images at the moment. Try again in some seconds.");
  if (!response.ok) throw new LoadError(`The server answered with error ${response.status}.`);
  return response;
}

// What `warm` fetched for images that may be shown next. Each serves once: later the server is asked again.
const warmed = new Map();
const MOST_WARM = 50;

export async function loadManifest(url, signal) {
  const kept = warmed.get(url);
  warmed.delete(url);
  return kept ?? fetchManifest(url, signal);
}

async function fetchManifest(url, signal) {
  const response = await request(url, signal);
  const manifest = await response.json().catch(() => null);
  const complete = manifest && manifest.frames?.length > 0 && manifest.rows > 0 && manifest.columns > 0 && manifest.window;
  if (!complete) throw new LoadError("The description of the image could not be read.");
  return manifest;
}

async function unpack(response, expected) {
  const packed = await response.arrayBuffer();
  // A server that names gzip as content encoding has let the browser unpack it already.
  if (packed.byteLength === expected) return new Uint8Array(packed);
  const result = new Uint8Array(expected);
  let place = 0;
  const reader = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip")).getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    if (place + value.length > expected) throw new LoadError("The image has more pixels than it announced.");
    result.set(value, place);
    place += value.length;
  }
  if (place !== expected) throw new LoadError("The image arrived incomplete.");
  return result;
}

// Grey planes (low bytes, then high bytes) become 16-bit codes; colour stays three planes.
function assemble(bytes, manifest) {
  const size = manifest.rows * manifest.columns;
  if (manifest.kind === "colour") return bytes;
  const codes = new Uint16Array(size);
  for (let i = 0; i < size; i += 1) codes[i] = bytes[i] | (bytes[size + i] << 8);
  return codes;
}

class Cache {
  #kept = new Map();
  #bytes = 0;

  get(url) {
    const frame = this.#kept.get(url);
    if (frame) {
      this.#kept.delete(url);
      this.#kept.set(url, frame);
    }
    return frame;
  }

  put(url, frame) {
    this.#kept.set(url, frame);
    this.#bytes += frame.byteLength;
    for (const [oldest, old] of this.#kept) {
      if (this.#bytes <= BUDGET_BYTES || oldest === url) break;
      this.#kept.delete(oldest);
      this.#bytes -= old.byteLength;
    }
  }

  get bytes() {
    return this.#bytes;
  }
}

export const cache = new Cache();

export class Frames {
  #manifest;
  #pending = new Map();

  constructor(manifest) {
    this.#manifest = manifest;
  }

  ready(index) {
    return cache.get(this.#manifest.frames[index]);
  }

  async load(index) {
    const url = this.#manifest.frames[index];
    const kept = cache.get(url);
    if (kept) return kept;
    if (!this.#pending.has(index)) this.#start(index, url);
    return this.#pending.get(index).promise;
  }

  #start(index, url) {
    const abort = new AbortController();
    const promise = this.#fetch(url, abort.signal).finally(() => {
      if (this.#pending.get(index)?.abort === abort) this.#pending.delete(index);
    });
    this.#pending.set(index, { abort, promise });
  }

  async #fetch(url, signal) {
    const { rows, columns, kind } = this.#manifest;
    const response = await request(url, signal);
    const bytes = await unpack(response, rows * columns * (kind === "colour" ? 3 : 2)).catch((error) => {
      throw error instanceof LoadError || error.name === "AbortError" ? error : new LoadError("The image arrived damaged.");
    });
    const frame = assemble(bytes, this.#manifest);
    cache.put(url, frame);
    return frame;
  }

  // Fetch the neighbours of the shown frame, nearest first, and give up on frames the reader has left behind.
  around(index) {
    for (const [other, { abort }] of this.#pending) {
      if (Math.abs(other - index) <= AHEAD) continue;
      this.#pending.delete(other);
      abort.abort();
    }
    for (let distance = 1; distance <= AHEAD; distance += 1) {
      for (const other of [index + distance, index - distance]) {
        if (other >= 0 && other < this.#manifest.frames.length) this.load(other).catch(() => {});
      }
    }
  }

  stop() {
    for (const { abort } of this.#pending.values()) abort.abort();
  }
}

// Fetches the images of a screen that is not shown yet, as far as its viewer shows them first. What fails now is fetched,
// and told, when it is shown.
export async function warm(urls) {
  for (const url of urls) {
    try {
      const manifest = await fetchManifest(url);
      const frames = new Frames(manifest);
      await frames.load(0);
      warmed.set(url, manifest);
      if (warmed.size > MOST_WARM) warmed.delete(warmed.keys().next().value);
      if (url === urls[0]) frames.around(0);
    } catch {
      return;
    }
  }
}
