// One piece of work follows another on the same page. What belongs to a screen (listeners outside its form, timers) is made
// here and ends when the next screen is shown; modules start on each screen by `onScreens`.

let life = new AbortController();
let shown = location.pathname;

// For addEventListener: the listener goes with the screen.
export function whileShown(options = {}) {
  return { ...options, signal: life.signal };
}

export function every(milliseconds, act) {
  const timer = setInterval(act, milliseconds);
  life.signal.addEventListener("abort", () => clearInterval(timer), { once: true });
}

export function onScreens(selector, start) {
  const startAll = () => document.querySelectorAll(selector).forEach(start);
  document.addEventListener("work:turned", startAll);
  startAll();
}

export function parsed(html) {
  return new DOMParser().parseFromString(html, "text/html");
}

// Shows the next piece, a document, in place of this one. False when that cannot be done here: then the page is loaded.
export function turnTo(url, next) {
  const [incoming, main] = [next.querySelector("main"), document.querySelector("main")];
  if (!incoming?.querySelector("form[data-work]") || !main) return false;
  life.abort();
  life = new AbortController();
  keepAssets(main, incoming);
  history.pushState({}, "", url);
  shown = location.pathname;
  document.title = next.title;
  main.replaceChildren(...incoming.childNodes);
  document.dispatchEvent(new CustomEvent("work:turned"));
  // As a page load would: the keyboard starts at the top, and a screen reader hears where it is.
  main.focus({ preventScroll: true });
  say(`Next: ${main.querySelector("h1")?.textContent ?? document.title}`);
  return true;
}

// Emptied first: the same question twice is said twice.
function say(text) {
  const place = document.querySelector("[data-work-turned]");
  if (!place) return;
  place.textContent = "";
  requestAnimationFrame(() => (place.textContent = text));
}

// Style sheets and scripts are the same for both and are there already.
function keepAssets(main, incoming) {
  for (const sheet of main.querySelectorAll("link[rel=stylesheet]")) document.head.append(sheet);
  for (const asset of incoming.querySelectorAll("link, script")) asset.remove();
}

// Back or forward to another piece; a jump within the page is none.
addEventListener("popstate", () => location.pathname !== shown && location.reload());
