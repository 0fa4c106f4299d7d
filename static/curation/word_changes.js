// What changed from one text to another, word by word, as <del> and <ins>.

// Answers of about 2,000 words; longer ones are marked as a whole.
const LARGEST_TABLE = 9_000_000;

const pieces = (text) => text.match(/\s+|[\p{L}\p{N}_]+|[^\s\p{L}\p{N}_]/gu) ?? [];

// Lengths of the longest common subsequences of all endings.
function table(before, after) {
  const width = after.length + 1;
  const lengths = new Uint32Array((before.length + 1) * width);
  for (let i = before.length - 1; i >= 0; i -= 1) {
    for (let j = after.length - 1; j >= 0; j -= 1) {
      const same = before[i] === after[j];
      lengths[i * width + j] = same
        ? lengths[(i + 1) * width + j + 1] + 1
        : Math.max(lengths[(i + 1) * width + j], lengths[i * width + j + 1]);
    }
  }
  return (i, j) => lengths[i * width + j];
}

export function changes(before, after) {
  const [old, now] = [pieces(before), pieces(after)];
  if (old.length * now.length > LARGEST_TABLE) return [["del", before], ["ins", after]];
  const common = table(old, now);
  const runs = [];
  const add = (kind, text) => (runs.at(-1)?.[0] === kind ? (runs.at(-1)[1] += text) : runs.push([kind, text]));
  let [i, j] = [0, 0];
  while (i < old.length || j < now.length) {
    if (i < old.length && j < now.length && old[i] === now[j]) {
      add("", old[i]);
      i += 1;
      j += 1;
    } else if (i < old.length && (j === now.length || common(i + 1, j) >= common(i, j + 1))) {
      add("del", old[i]);
      i += 1;
    } else {
      add("ins", now[j]);
      j += 1;
    }
  }
  return runs;
}

export function markChanges(place, before, after) {
  const nodes = changes(before, after).map(([kind, text]) => {
    if (!kind) return document.createTextNode(text);
    const marked = document.createElement(kind);
    marked.textContent = text;
    return marked;
  });
  place.replaceChildren(...nodes);
}
