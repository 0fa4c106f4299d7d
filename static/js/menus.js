// <details class="menu">: one open at a time; closes on a click elsewhere and on Escape; arrows move inside.

const OPEN = "details.menu[open]";
const ITEMS = "a[href], button:not([disabled]), input:not([disabled])";

function close(menu, giveFocusBack) {
  menu.open = false;
  if (giveFocusBack) menu.querySelector("summary").focus();
}

document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll(OPEN)) {
    if (!menu.contains(event.target)) close(menu, false);
  }
});

document.addEventListener("keydown", (event) => {
  const menu = event.target.closest?.(OPEN);
  if (!menu) return;
  if (event.key === "Escape") {
    close(menu, true);
    event.preventDefault();
  } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    const items = [...menu.querySelectorAll(`.menu-body :is(${ITEMS})`)];
    const here = items.indexOf(document.activeElement);
    const step = event.key === "ArrowDown" ? 1 : -1;
    const next = here < 0 && step < 0 ? items.length - 1 : (here + step + items.length) % items.length;
    items[next]?.focus();
    event.preventDefault();
  }
});

document.addEventListener("focusout", (event) => {
  const menu = event.target.closest?.(OPEN);
  if (menu && event.relatedTarget && !menu.contains(event.relatedTarget)) close(menu, false);
});
