/* One key for each button: inside the element, a button with data-key="n" is pressed by the key n. Not while somebody
   types, not with Ctrl, Alt or the Windows key, not while the key is held down. */

export function start(element) {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.repeat || event.isComposing) return;
    if (event.target instanceof Element && event.target.closest("input, textarea, select, dialog")) return;
    const button = [...element.querySelectorAll("button[data-key]")].find(
      (one) => one.dataset.key.toLowerCase() === event.key.toLowerCase(),
    );
    if (!button || button.disabled) return;
    event.preventDefault();
    button.click();
  });
}
