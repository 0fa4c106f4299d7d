// What this browser keeps until the server has it: texts, submission keys and waiting submissions, all under the
// person's number, so that another person on the same computer never sees or sends them. Text only, no images.

const ROOT = "consilium.work";

export class LocalStore {
  constructor(person) {
    this.prefix = `${ROOT}.${person}.`;
    this.broken = false;
  }

  read(name) {
    try {
      const text = localStorage.getItem(this.prefix + name);
      return text === null ? null : JSON.parse(text);
    } catch {
      return null;
    }
  }

  // False when the browser refuses (private mode, full): the reader must be told.
  write(name, value) {
    try {
      localStorage.setItem(this.prefix + name, JSON.stringify(value));
      this.broken = false;
    } catch {
      this.broken = true;
    }
    return !this.broken;
  }

  drop(name) {
    try {
      localStorage.removeItem(this.prefix + name);
    } catch {
      this.broken = true;
    }
  }

  // Names that start with `start`, without the person's prefix.
  names(start) {
    try {
      return Object.keys(localStorage)
        .filter((key) => key.startsWith(this.prefix + start))
        .map((key) => key.slice(this.prefix.length));
    } catch {
      return [];
    }
  }

  // Made once per claim and version and kept, so that a repeated submission is recognised.
  submissionKey(token, baseVersion) {
    const name = `key.${token}.${baseVersion}`;
    const kept = this.read(name);
    if (kept) return kept;
    const made = randomUuid();
    this.write(name, made);
    return made;
  }

  forgetClaim(token) {
    for (const kind of ["draft", "key", "outbox"]) {
      for (const name of this.names(`${kind}.${token}.`)) this.drop(name);
    }
  }

  forgetAll() {
    for (const name of this.names("")) this.drop(name);
  }
}

// crypto.randomUUID exists in secure contexts only; a clinic may run this over plain HTTP inside its network.
function randomUuid() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}
