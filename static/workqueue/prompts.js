// The dialogs of a work screen, in the design system's classes. Each resolves to what the reader chose.

function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

function button(text, value, isMain = false) {
  return element("button", { type: "button", className: isMain ? "button button-primary" : "button", textContent: text, value });
}

function open(title, body, buttons) {
  const heading = element("h2", { textContent: title, id: `work-dialog-${crypto.getRandomValues(new Uint32Array(1))[0]}` });
  const dialog = element(
    "dialog",
    { className: "dialog" },
    element("div", { className: "dialog-header" }, heading),
    element("div", { className: "dialog-body" }, ...body, element("div", { className: "dialog-actions" }, ...buttons)),
  );
  dialog.setAttribute("aria-labelledby", heading.id);
  dialog.dataset.workDialog = "";
  dialog.addEventListener("click", (event) => event.stopPropagation()); // a click beside it decides nothing
  document.body.append(dialog);
  dialog.addEventListener("close", () => dialog.remove());
  dialog.showModal();
  return dialog;
}

function chosen(dialog, buttons, whenClosed) {
  return new Promise((resolve) => {
    for (const choice of buttons) choice.addEventListener("click", () => dialog.close(choice.value));
    dialog.addEventListener("close", () => resolve(dialog.returnValue || whenClosed));
  });
}

export function ask(title, text, choices, whenClosed = "") {
  const buttons = choices.map(([value, words], index) => button(words, value, index === choices.length - 1));
  const dialog = open(title, [element("p", { textContent: text })], buttons);
  return chosen(dialog, buttons, whenClosed);
}

// The reason for skipping, or null.
export async function askReason() {
  const area = element("textarea", { className: "input", rows: 3, maxLength: 300, required: true, name: "" });
  const label = element("label", {}, "Why do you skip this one? It will not come back to you.", area);
  const buttons = [button("Keep it", "keep"), button("Skip it", "skip", true)];
  const dialog = open("Skip", [label], buttons);
  buttons[1].addEventListener("click", (event) => {
    if (area.value.trim()) return;
    event.stopImmediatePropagation();
    area.setAttribute("aria-invalid", "true");
    area.focus();
  }, { capture: true });
  area.focus();
  return (await chosen(dialog, buttons, "keep")) === "skip" ? area.value.trim() : null;
}

// Asks for the password, or what stands for it (signatures/proofs.py), until it is right; resolves to whether a sitting has
// begun. `send(password)` gives the answer of Server.post. Nothing on the page behind is touched.
export function askToSign({ name, meaning, proof, page, provider }, send) {
  const isElsewhere = proof === "provider" || proof === "nothing";
  const kind = proof === "code" ? { type: "text", inputMode: "numeric", autocomplete: "one-time-code" } : { type: "password", autocomplete: "current-password" };
  const field = element("input", { className: "input", required: !isElsewhere, hidden: isElsewhere, name: "", ...kind });
  const problem = element("p", { className: "field-errors", hidden: true });
  problem.setAttribute("role", "alert");
  const who = element("p", {}, "You sign as ", element("strong", { textContent: name }), `: “${meaning}”`);
  const form = element("form", { className: "form", id: "sign-dialog" }, who, ...waysToShow({ proof, page, provider }, field), problem);
  const buttons = [button("Back without signing", "back"), button("Sign", "sign", true)];
  buttons[1].type = "submit";
  buttons[1].setAttribute("form", form.id);
  const dialog = open(isElsewhere || proof === "code" ? "Your signature" : "Sign with your password", [form], buttons);
  buttons[0].addEventListener("click", () => dialog.close());
  (form.querySelector("a") ?? field).focus();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "signed"));
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      dialog.inert = true;
      const answer = await send(field.value);
      dialog.inert = false;
      if (answer.kind === "done") return dialog.close("signed");
      problem.textContent = notSigned(answer);
      problem.hidden = false;
      field.setAttribute("aria-invalid", "true");
      return field.select();
    });
  });
}

// A password or a code in a field; without either a fresh login at the provider, in a tab beside this one.
function waysToShow({ proof, page, provider }, field) {
  const away = (href, textContent) => element("p", {}, element("a", { className: "button", href, target: "_blank", rel: "noopener", textContent }));
  if (proof === "provider") {
    const how = `First confirm that it is you: log in at ${provider} once more, in a new tab. Then come back to this page and press “Sign”.`;
    return [element("p", { textContent: how }), away(page, `Confirm at ${provider}`)];
  }
  if (proof === "nothing") return [element("p", { textContent: "You cannot sign yet: set up an authenticator app first." }), away("/accounts/2fa/", "Set it up in a new tab")];
  const label = proof === "code" ? "Code from your authenticator app" : "Your password";
  return [element("label", { className: "field" }, label, field)];
}

function notSigned({ kind, status, body }) {
  if (kind === "refused") return body.error;
  if (status === 429) return "Too many tries in a short time. Nothing was signed; wait a few minutes and try again.";
  return "The server could not be reached. Nothing was signed; try again.";
}

// Both texts side by side; resolves to "mine" or "stored".
export function askWhichText(message, mine, stored) {
  const side = (title, content) =>
    element("section", {}, element("h3", { textContent: title }), element("pre", { tabIndex: 0, textContent: readable(content) }));
  const body = [element("p", { textContent: message }), element("div", { className: "columns-2" }, side("On this page", mine), side("Stored on the server", stored))];
  const buttons = [button("Take the stored one", "stored"), button("Keep what is on this page", "mine", true)];
  return chosen(open("Two versions", body, buttons), buttons, "mine");
}

function readable(content, indent = "") {
  const lines = Object.entries(content).map(([name, value]) =>
    value !== null && typeof value === "object" ? `${indent}${name}:\n${readable(value, `${indent}  `)}` : `${indent}${name}: ${value}`,
  );
  return lines.join("\n") || `${indent}(empty)`;
}

// Stays until `isBack()` says that the same person is logged in again.
export function askToLogIn(loginUrl, whoIsThere) {
  const link = element("a", { className: "button button-primary", href: loginUrl, target: "_blank", rel: "noopener", textContent: "Log in again in a new tab" });
  const note = element("p", { textContent: "Your session has ended. What you wrote is kept on this page. Log in again in a new tab; it is then sent by itself." });
  note.setAttribute("role", "status");
  const dialog = open("Please log in again", [note], [link]);
  dialog.addEventListener("cancel", (event) => event.preventDefault());
  return new Promise((resolve) => {
    const look = async () => {
      const who = await whoIsThere();
      if (who === "other") note.textContent = "Somebody else is logged in now. What you wrote is kept for you and is not sent under another name. Log in as yourself.";
      if (who !== "same") return;
      clearInterval(timer);
      removeEventListener("focus", look);
      dialog.close();
      resolve();
    };
    const timer = setInterval(look, 3000);
    addEventListener("focus", look);
  });
}
