// Notices at the bottom right, on a workbench below the top bar. Good news leaves by itself, anything else stays until dismissed.
// The server may send one with a fragment: HX-Trigger: {"toast": {"text": "...", "tone": "success"}}

const GOOD_NEWS_MS = 8000;
const MOST_SHOWN = 4;
const region = document.getElementById("toasts");
const template = document.getElementById("toast-template");

export function show(text, tone = "info") {
  const toast = template.content.firstElementChild.cloneNode(true);
  toast.dataset.tone = tone;
  toast.querySelector(".toast-text").textContent = text;
  region.append(toast);
  while (region.children.length > MOST_SHOWN) region.firstElementChild.remove();
  watch(toast);
}

function watch(toast) {
  if (toast.dataset.tone !== "success") return;
  const leave = () => {
    if (toast.matches(":hover, :focus-within")) setTimeout(leave, GOOD_NEWS_MS / 2);
    else toast.remove();
  };
  setTimeout(leave, GOOD_NEWS_MS);
}

for (const toast of region.children) watch(toast);

// A bar that wraps on a narrow screen pushes the notices up.
const bars = new ResizeObserver(([{ target }]) => region.style.setProperty("--action-bar-height", `${target.offsetHeight}px`));
function watchBar() {
  bars.disconnect();
  const bar = document.querySelector(".action-bar");
  if (bar) bars.observe(bar);
}
document.addEventListener("work:turned", watchBar);
watchBar();

document.addEventListener("click", (event) => {
  event.target.closest("[data-dismisses-toast]")?.closest(".toast").remove();
});
document.addEventListener("toast", (event) => show(event.detail.text, event.detail.tone));

// Polled fragments ask again by themselves; only what a person did deserves a notice when it fails.
function wasPolling(event) {
  return event.detail.requestConfig?.triggeringEvent === undefined && event.detail.elt?.matches?.("[hx-trigger*='every']");
}
document.addEventListener("htmx:sendError", (event) => {
  if (!wasPolling(event)) show("The server could not be reached. Nothing was changed; try again.", "danger");
});
document.addEventListener("htmx:responseError", (event) => {
  if (wasPolling(event)) return;
  const status = event.detail.xhr.status;
  const known = { 403: "You may not do this.", 404: "This is gone or not yours to see.", 409: "Somebody else changed this first; reload the page.", 429: "Too many requests; wait a moment.", 503: "The database is away for a moment and nothing was changed; try again." };
  show(known[status] ?? `The server could not do this (${status}). Nothing was changed.`, "danger");
});
