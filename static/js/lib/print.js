/* A button that prints; without script it stays hidden and the browser's own menu does it. */

export function start(button) {
  button.hidden = false;
  button.addEventListener("click", () => window.print());
}
