/* One box that ticks all: inside the element, the box with data-all rules the other checkboxes. The number ticked is shown
   in every [data-selected-count] whose data-of names this element's id (or that names none). */

export function start(table) {
  const all = table.querySelector("[data-all]");
  const boxes = () =>
    [...table.querySelectorAll('input[type="checkbox"]:not([data-all])')].filter((box) => !box.disabled && !box.closest("[hidden]"));
  all.hidden = false;

  function show() {
    const ticked = boxes().filter((box) => box.checked).length;
    all.checked = ticked > 0 && ticked === boxes().length;
    all.indeterminate = ticked > 0 && !all.checked;
    for (const element of document.querySelectorAll("[data-selected-count]")) {
      if (!element.dataset.of || element.dataset.of === table.id) element.textContent = ticked;
    }
  }

  table.addEventListener("change", (event) => {
    if (event.target === all) for (const box of boxes()) box.checked = all.checked;
    show();
  });
  show();
}
