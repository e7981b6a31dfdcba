/* The hamlet's households with large ticks: what a hamlet head opens first. */

export class ListView {
  constructor(scanner) {
    this.scanner = scanner;
    this.screen = scanner.screen;
    this.narrow = this.screen.field("narrow");
    this.narrow.addEventListener("input", () => this.draw());
    this.screen.parts["list-walk-in"].addEventListener("click", () => scanner.writeName(this.narrow.value.trim()));
  }

  draw() {
    const { roll, arrivals } = this.scanner.door;
    const query = this.narrow.value;
    const rows = [];
    let group = null;
    for (const entry of roll?.narrowed(query) ?? []) {
      const label = entry.guest_id ? this.screen.text("guests") : entry.hamlet;
      if (label !== group) rows.push(this.screen.heading(label));
      group = label;
      rows.push(this.#row(entry, arrivals));
    }
    this.screen.fill(this.screen.parts.households, rows);
    const hint = rows.length ? "" : !roll ? this.scanner.door.meeting?.status === "closed" ? "closedMore" : "noList" : query ? "noneFound" : "noneInvited";
    this.screen.write("list-hint", hint && this.screen.text(hint));
    this.screen.parts["list-walk-in"].hidden = rows.length > 0;
  }

  #row(entry, arrivals) {
    const open = () => this.scanner.sheet.open(entry);
    const tick = () => {
      if (arrivals.stateOf(entry) || (entry.named ?? []).length > 1) open();
      else this.scanner.record({ ...whole(entry), method: "list" }, { quiet: true, entry });
    };
    const others = (entry.members ?? []).filter((member) => member.name !== entry.name).map((member) => member.name);
    const note = entry.guest_id ? entry.note : others.slice(0, 3).join(", ");
    return this.screen.row({ key: entry.key, name: entry.name, note, state: arrivals.stateOf(entry), tick, open });
  }
}

/* Who comes when an entry is ticked as a whole: the one invited by name, else a representative. */
export function whole(entry) {
  if (entry.guest_id) return { guest_id: entry.guest_id };
  return entry.named?.length ? { resident_ids: entry.named } : { household_id: entry.household_id };
}
