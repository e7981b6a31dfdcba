/* The summary of errors takes the focus when the page comes, so that it is read first. */

export function start(element) {
  element.focus({ preventScroll: false });
}
