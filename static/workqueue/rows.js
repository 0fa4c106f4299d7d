// The rows of a work form: each holds one question that is answered by radios with data-key.

export function rowsOf(root) {
  return [...root.querySelectorAll("[data-work-row], .preference")].filter((row) => !row.closest("[hidden], [inert]"));
}

export function isAnswered(row) {
  return row.querySelector("input[data-key]:checked") !== null;
}
