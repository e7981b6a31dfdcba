/* The sheet of one household: who of it came, somebody instead of it, and taking a check-in back. */

export class Sheet {
  constructor(scanner) {
    this.scanner = scanner;
    this.screen = scanner.screen;
    this.parts = this.screen.parts;
    this.entry = null;
    this.parts.sheet.addEventListener("close", () => {
      if (this.parts.sheet.returnValue === "save") this.#save();
    });
  }

  get isOpen() {
    return this.parts.sheet.open;
  }

  /* `letIn`: the code was refused, or the door is not open, and the doorkeeper lets them in all the same. */
  open(entry, letIn = false) {
    this.entry = entry;
    this.letIn = letIn;
    this.parts["sheet-title"].textContent = entry.name;
    this.screen.write("sheet-place", entry.hamlet ?? entry.note ?? "");
    const members = entry.members ?? [];
    this.parts["sheet-hint"].hidden = !members.length;
    this.#draw(members);
    for (const id of ["proxy-name", "proxy-relation", "sheet-note"]) this.screen.field(id).value = "";
    this.parts["sheet-proxy"].hidden = Boolean(entry.guest_id);
    this.parts["sheet-note-row"].hidden = !letIn;
    this.parts["sheet-save"].hidden = Boolean(entry.guest_id && this.scanner.door.arrivals.stateOf(entry));
    this.parts.sheet.returnValue = "close";
    if (!this.isOpen) this.parts.sheet.showModal();
  }

  #draw(members) {
    const { arrivals } = this.scanner.door;
    const came = arrivals.ofEntry(this.entry);
    const rest = came.filter((row) => !members.some((member) => member.resident_id === row.residentId));
    this.parts.members.replaceChildren(
      ...members.map((member) => {
        const row = came.find((one) => one.residentId === member.resident_id) ?? arrivals.ofResident(member.resident_id);
        return row ? this.#came(member.name, row) : this.#member(member);
      }),
      ...rest.map((row) => this.#came(row.proxyName || row.walkIn || (this.entry.guest_id ? this.entry.name : this.screen.text("representative")), row)),
    );
  }

  /* A large tick of one member. */
  #member({ name, resident_id: id }) {
    const item = this.screen.make("li");
    const label = this.screen.make("label", "sc-member");
    const box = this.screen.make("input");
    box.type = "checkbox";
    box.value = id;
    label.append(box, this.screen.make("span", "", name));
    item.append(label);
    return item;
  }

  /* Somebody who has come, with the way back. */
  #came(name, row) {
    const item = this.screen.make("li", "sc-came");
    const words = this.screen.make("span", "sc-came-words");
    words.append(
      this.screen.make("span", "sc-body-name", name),
      this.screen.make("span", "sc-body-note", `${this.screen.text("cameAt", { time: this.screen.time(row.at) })} · ${this.screen.stateWord(row.state)}`),
    );
    const undo = this.screen.button("btn btn-secondary", this.screen.text("undo"), () => this.#undo(name, row));
    undo.setAttribute("aria-label", `${this.screen.text("undo")}: ${name}`);
    item.append(this.screen.icon(row.state === "saved" ? "clock" : "check"), words, undo);
    return item;
  }

  async #undo(name, row) {
    this.parts.sheet.close("close");
    const named = row.residentId || row.proxyName || row.walkIn;
    await this.scanner.undo(row, named ? name : this.entry.name, this.entry);
  }

  #save() {
    const { entry, letIn } = this;
    const proxy = this.screen.field("proxy-name").value.trim();
    const relation = this.screen.field("proxy-relation").value.trim();
    const note = this.screen.field("sheet-note").value.trim();
    const ticked = [...this.parts.members.querySelectorAll("input:checked")].map((box) => Number(box.value));
    const what = entry.guest_id
      ? { guest_id: entry.guest_id }
      : {
          // those ticked, and whoever came instead of the others: together they name their household too
          ...(ticked.length ? { resident_ids: ticked } : {}),
          ...(proxy || !ticked.length ? { household_id: entry.household_id } : {}),
        };
    const more = { ...(proxy ? { proxy_name: proxy, relation } : {}), ...(letIn ? { let_in: true, note } : {}) };
    this.scanner.record({ ...what, ...more, method: "list" }, { quiet: !letIn, entry });
  }
}
