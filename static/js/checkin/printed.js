/* The meeting's list for paper, from what the phone keeps: it prints without a signal too. */

export class PrintedView {
  constructor(scanner) {
    this.scanner = scanner;
    this.screen = scanner.screen;
    this.screen.parts.print.addEventListener("click", () => window.print());
  }

  draw() {
    const { roll, meeting } = this.scanner.door;
    this.screen.write("printed-title", meeting?.title ?? "");
    this.screen.write("printed-when", [this.screen.moment(meeting?.starts_at), meeting?.venue].filter(Boolean).join(" · "));
    this.screen.write("printed-hint", roll ? "" : this.screen.text("noList"));
    this.screen.parts.printed.replaceChildren(...(roll?.entries ?? []).map((entry) => this.#row(entry)), ...this.#blank(roll));
  }

  #row(entry) {
    const row = this.screen.make("tr");
    row.append(
      this.screen.make("td", "num", String(entry.number)),
      this.screen.make("td", "", entry.name),
      this.screen.make("td", "", entry.hamlet ?? entry.note ?? ""),
      this.screen.make("td", "sc-sign"),
    );
    return row;
  }

  /* Rows for those who are on no list. */
  #blank(roll) {
    return Array.from({ length: 10 }, (_none, place) => this.#row({ number: (roll?.entries.length ?? 0) + place + 1, name: "" }));
  }
}
