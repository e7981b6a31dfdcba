/* Asks before a form is sent. data-title names what is destroyed or set going, data-text says what follows,
   data-yes and data-no are the buttons. Without script the form is sent at once, so the server must bear it. */

export function start(form) {
  let agreed = false;
  form.addEventListener("submit", (event) => {
    if (agreed) return;
    event.preventDefault();
    ask(form.dataset).then((yes) => {
      if (!yes) return;
      agreed = true;
      form.requestSubmit(event.submitter ?? undefined);
      agreed = false;
    });
  });
}

export function ask({ title, text, yes, no, kind }) {
  const dialog = document.createElement("dialog");
  dialog.className = "confirm";
  const heading = document.createElement("h2");
  heading.id = "confirm-title";
  heading.textContent = title;
  dialog.setAttribute("aria-labelledby", heading.id);
  const words = document.createElement("p");
  words.textContent = text ?? "";
  const actions = document.createElement("div");
  actions.className = "confirm-actions";
  const back = button(no, "btn btn-secondary", () => dialog.close("no"));
  const go = button(yes, `btn btn-${kind === "danger" ? "danger" : "primary"}`, () => dialog.close("yes"));
  actions.append(back, go);
  dialog.append(heading, words, actions);
  document.body.append(dialog);
  dialog.showModal();
  (kind === "danger" ? back : go).focus();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue === "yes");
    });
  });
}

function button(label, className, onClick) {
  const element = document.createElement("button");
  element.type = "button";
  element.className = className;
  element.textContent = label;
  element.addEventListener("click", onClick);
  return element;
}
