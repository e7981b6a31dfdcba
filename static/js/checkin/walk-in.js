/* Somebody who is on no list: name, hamlet, perhaps the household, gender. Below: whom this phone has written. */

export class WalkInView {
  constructor(scanner) {
    this.scanner = scanner;
    this.screen = scanner.screen;
    this.form = this.screen.parts["walk-in-form"];
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#save();
    });
    this.form.elements.hamlet.addEventListener("change", () => this.#fillHouseholds());
  }

  /* The choices of the meeting that was opened. */
  begin() {
    const { meeting } = this.scanner.door;
    const { hamlet } = this.form.elements;
    hamlet.replaceChildren(hamlet.options[0], ...meeting.hamlets.map((one) => new Option(one.name, one.id)));
    if (meeting.hamlets.length) hamlet.selectedIndex = 1;
    this.#fillHouseholds();
  }

  #fillHouseholds() {
    const { hamlet, household } = this.form.elements;
    const name = hamlet.value && hamlet.selectedOptions[0].text;
    const ours = (this.scanner.door.roll?.manifest.households ?? []).filter((entry) => entry.hamlet === name);
    household.replaceChildren(household.options[0], ...ours.map((entry) => new Option(entry.name, entry.household_id)));
    household.selectedIndex = 0;
    this.screen.parts["walk-in-household"].hidden = !ours.length;
  }

  async draw() {
    const { door } = this.scanner;
    this.screen.parts["walk-in-note"].hidden = door.judgeTick() !== "not_open";
    const written = (await this.scanner.written()).map((row) => {
      const item = this.screen.make("li", "sc-came");
      const words = this.screen.make("span", "sc-came-words");
      words.append(
        this.screen.make("span", "sc-body-name", row.name),
        this.screen.make("span", "sc-body-note", this.screen.text("cameAt", { time: this.screen.time(row.at) })),
      );
      const undo = this.screen.button("btn btn-secondary", this.screen.text("undo"), () => this.scanner.undo({ eventId: row.event_id }, row.name));
      undo.setAttribute("aria-label", `${this.screen.text("undo")}: ${row.name}`);
      item.append(this.screen.icon("check"), words, undo);
      return item;
    });
    this.screen.parts["written-head"].hidden = !written.length;
    this.screen.fill(this.screen.parts.written, written);
  }

  #save() {
    const values = new FormData(this.form);
    const name = values.get("name").trim();
    if (!name) return;
    const walkIn = { name, gender: values.get("gender") };
    if (values.get("hamlet")) walkIn.hamlet_id = Number(values.get("hamlet"));
    if (values.get("household")) walkIn.household_id = Number(values.get("household"));
    const note = values.get("note").trim();
    this.form.elements.name.value = "";
    this.form.elements.note.value = "";
    this.scanner.record({ walk_in: walkIn, method: "walk_in", let_in: true, ...(note ? { note } : {}) });
  }
}
