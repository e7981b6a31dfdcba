/* A button that copies data-text and says data-done for a moment. */

export function start(button) {
  if (!navigator.clipboard) return;
  button.hidden = false;
  const word = button.querySelector("[data-word]") ?? button;
  const label = word.textContent;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(button.dataset.text);
    word.textContent = button.dataset.done;
    setTimeout(() => { word.textContent = label; }, 2000);
  });
}
