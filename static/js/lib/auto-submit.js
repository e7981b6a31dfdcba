/* A filter that takes effect when chosen; without script the form's own button does it. */

export function start(element) {
  element.addEventListener("change", () => element.form.requestSubmit());
}
