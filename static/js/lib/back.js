/* A button that goes back to the page before; hidden where there is none. */

export function start(button) {
  if (window.history.length < 2) return;
  button.hidden = false;
  button.addEventListener("click", () => window.history.back());
}
