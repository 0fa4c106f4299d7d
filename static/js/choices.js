// A button with data-ticks-all ticks every box of its group, or clears them when all are ticked.

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-ticks-all]");
  if (!button) return;
  const boxes = [...button.closest("fieldset").querySelectorAll("input[type=checkbox]:not(:disabled)")];
  const wanted = boxes.some((box) => !box.checked);
  for (const box of boxes) box.checked = wanted;
  boxes.at(-1)?.dispatchEvent(new Event("change", { bubbles: true }));
});
