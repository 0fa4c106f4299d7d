// Theme, text size and single-key shortcuts: applied at once and kept in a cookie, which the server reads
// when it writes <html>, so that the next page is right from its first paint.

const ONE_YEAR = 365 * 24 * 3600;

function choose(name, value) {
  const secure = location.protocol === "https:" ? "; Secure" : "";
  document.cookie = `consilium_${name}=${value}; Path=/; Max-Age=${ONE_YEAR}; SameSite=Lax${secure}`;
  document.documentElement.dataset[name] = value;
  for (const button of document.querySelectorAll(`[data-preference="${name}"]`)) {
    button.setAttribute("aria-pressed", String(button.dataset.value === value));
  }
  document.dispatchEvent(new CustomEvent("preference", { detail: { name, value } }));
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-preference]");
  if (button) choose(button.dataset.preference, button.dataset.value);
});
