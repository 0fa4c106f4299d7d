// Logging out, on every page: first the server gets the text, then this browser forgets it (shared computers).
// A page that holds unsent text listens for "work:flush" on the document and pushes a promise onto detail.waits.

import { LocalStore } from "./local_store.js";
import { ask } from "./prompts.js";

const QUESTION = "Some of what you wrote has not reached the server. If you log out now, it is removed from this computer.";

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.matches?.("form[data-signs-out]")) return;
  event.preventDefault();
  leave(form, new LocalStore(form.dataset.signsOut));
}, { capture: true });

async function leave(form, store) {
  const waits = [];
  document.dispatchEvent(new CustomEvent("work:flush", { detail: { waits } }));
  await Promise.allSettled(waits);
  if (hasUnsent(store)) {
    const choice = await ask("Not everything is saved", QUESTION, [["go", "Log out and lose it"], ["stay", "Stay"]], "stay");
    if (choice !== "go") return;
  }
  store.forgetAll();
  document.dispatchEvent(new CustomEvent("work:left"));
  form.submit();
}

function hasUnsent(store) {
  return store.names("outbox.").length > 0 || store.names("draft.").some((name) => store.read(name)?.unsent);
}
