// <dialog class="dialog">: opened by data-opens-dialog="<id>", closed by data-closes-dialog, Escape or the backdrop.

document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-opens-dialog]");
  if (opener) {
    document.getElementById(opener.dataset.opensDialog)?.showModal();
    return;
  }
  if (event.target.closest("[data-closes-dialog]") || isBackdrop(event)) {
    event.target.closest("dialog").close();
  }
});

function isBackdrop(event) {
  if (!(event.target instanceof HTMLDialogElement)) return false;
  const box = event.target.getBoundingClientRect();
  return event.clientX < box.left || event.clientX > box.right || event.clientY < box.top || event.clientY > box.bottom;
}

// A fragment may bring a dialog that wants to be open at once.
document.addEventListener("htmx:load", (event) => {
  for (const dialog of event.target.querySelectorAll?.("dialog[data-open-now]") ?? []) dialog.showModal();
});

// An address may open a dialog of its page: "#opens-sign". Not the bare id, to which the browser itself would move the focus.
const named = /^#opens-([\w-]+)$/.exec(location.hash);
if (named) document.querySelector(`dialog#${named[1]}`)?.showModal();
