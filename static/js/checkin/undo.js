/* Asks why a check-in is taken back: a tap, or a few words. */

export class UndoDialog {
  constructor(screen) {
    this.screen = screen;
    this.dialog = screen.parts.undo;
    this.form = screen.parts["undo-form"];
  }

  /* The reason, or null if it stays. */
  ask(name) {
    this.form.reset();
    this.screen.write("undo-title", this.screen.text("undoAsk", { name }));
    this.dialog.returnValue = "close";
    this.dialog.showModal();
    return new Promise((resolve) => {
      this.dialog.addEventListener("close", () => resolve(this.dialog.returnValue === "save" ? this.#reason() : null), { once: true });
    });
  }

  #reason() {
    const values = new FormData(this.form);
    return [values.get("reason"), values.get("words").trim()].filter(Boolean).join(": ").slice(0, 200);
  }
}
