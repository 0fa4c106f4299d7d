// Logging out on a shared computer: first the server gets the text, then this browser forgets it.

import { ask } from "./prompts.js";

export function guardLogout({ store, flush, isSafe }) {
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.matches?.("form[action$='/logout/']")) return;
    event.preventDefault();
    leave({ form, store, flush, isSafe });
  }, { capture: true });
}

async function leave({ form, store, flush, isSafe }) {
  await flush();
  if (!isSafe()) {
    const text = "Some of what you wrote has not reached the server. If you sign out now, it is removed from this computer.";
    const choice = await ask("Not everything is saved", text, [["go", "Sign out and lose it"], ["stay", "Stay"]], "stay");
    if (choice !== "go") return;
  }
  store.forgetAll();
  form.submit();
}
