// Buttons with data-copy="<text>" put the text on the clipboard and say so to everybody, screen readers included.

const SHOWN_FOR_MS = 1600;

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  event.preventDefault();
  try {
    await navigator.clipboard.writeText(button.dataset.copy);
  } catch {
    document.dispatchEvent(new CustomEvent("toast", { detail: { text: "Copying is blocked here; select the text and copy it.", tone: "warning" } }));
    return;
  }
  button.dataset.copied = "";
  const label = button.getAttribute("aria-label");
  button.setAttribute("aria-label", "Copied");
  setTimeout(() => {
    delete button.dataset.copied;
    if (label) button.setAttribute("aria-label", label);
  }, SHOWN_FOR_MS);
});
