/* Search by name, or by the last digits of a phone where the commune can be asked. A code scanner on a cable writes here
   too: its link or code and Enter check in. */

import { normaliseCode } from "./decode.js";

const PAUSE_MS = 200;

export class FindView {
  constructor(scanner) {
    this.scanner = scanner;
    this.screen = scanner.screen;
    this.input = this.screen.field("find-name");
    this.pause = null;
    this.input.addEventListener("input", () => {
      clearTimeout(this.pause);
      this.pause = setTimeout(() => this.#find(this.#typed()), PAUSE_MS);
    });
    this.input.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.isComposing) return;
      event.preventDefault();
      this.#enter();
    });
    this.screen.parts["find-walk-in"].addEventListener("click", () => scanner.writeName(this.#typed()));
  }

  #typed() {
    return this.input.value.trim();
  }

  #enter() {
    clearTimeout(this.pause);
    const typed = this.#typed();
    // people write names with spaces; a scanner writes none
    if (!/\s/.test(typed) && normaliseCode(typed)) {
      this.input.value = "";
      this.#show([], "");
      this.scanner.recordCode(typed, "typed");
    } else {
      this.#find(typed);
    }
  }

  draw() {
    this.#show(this.people ?? [], this.#typed());
  }

  async #find(typed) {
    const letters = typed.replace(/\s/g, "").length;
    if (letters < 2) {
      this.screen.write("find-hint", this.screen.text("searchMore"));
      this.#show([], typed);
      return;
    }
    const { door } = this.scanner;
    let hint = "";
    let people;
    try {
      people = (await door.ask(`/meetings/${door.meeting.id}/people?q=${encodeURIComponent(typed)}`)).people;
    } catch {
      people = door.roll?.people(typed) ?? [];
      hint = "searchOffline";
    }
    if (this.#typed() !== typed) return;
    this.screen.write("find-hint", this.screen.text(people.length ? hint : "noneFound"));
    this.#show(people, typed);
    this.screen.parts["find-walk-in"].hidden = people.length > 0;
  }

  #show(people, typed) {
    this.people = people;
    this.screen.fill(this.screen.parts.found, people.map((person) => this.#row(person)));
    if (!typed) this.screen.parts["find-walk-in"].hidden = true;
  }

  #row(person) {
    const { door } = this.scanner;
    const state = door.arrivals.ofResident(person.resident_id)?.state;
    const entry = door.roll?.household(person.household_id) ?? { household_id: person.household_id, name: person.household, hamlet: person.hamlet, members: [person] };
    const tick = () => {
      if (state) this.scanner.sheet.open(entry);
      else this.scanner.record({ resident_ids: [person.resident_id], method: "search" }, { entry, name: person.name });
    };
    const note = [person.household === person.name ? "" : person.household, person.hamlet].filter(Boolean).join(" · ");
    return this.screen.row({ key: `resident:${person.resident_id}`, name: person.name, note, state, tick });
  }
}
