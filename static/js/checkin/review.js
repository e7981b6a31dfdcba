/* What an officer is to look at: events that were refused when they reached the commune, and those it could not read.
   The list stays until each line is put away; what could not be read stays on the phone. */

export class ReviewView {
  constructor(scanner) {
    this.scanner = scanner;
    this.screen = scanner.screen;
    this.store = scanner.store;
  }

  async draw() {
    const entries = (await this.store.review()).sort((a, b) => b.scanned_at.localeCompare(a.scanned_at));
    const odd = (await this.store.waiting()).filter((event) => event.odd);
    const count = entries.length + odd.length;
    this.screen.parts["review-open"].hidden = !count;
    this.screen.write("review-open", this.screen.text("reviewCount", { n: count }));
    this.screen.fill(this.screen.parts.review, [
      ...entries.map((entry) => this.#line(entry, this.screen.text(entry.status), () => this.#putAway(entry))),
      ...odd.map((event) => this.#line({ ...event, name: event.about?.name }, this.screen.text("oddKept"))),
    ]);
    this.screen.write("review-hint", this.screen.text(count ? "reviewMore" : "reviewEmpty"));
  }

  #line({ event_id: id, name, code, scanned_at: at, hint }, word, putAway) {
    const item = this.screen.make("li", "sc-came");
    item.dataset.key = id;
    const words = this.screen.make("span", "sc-came-words");
    words.append(
      this.screen.make("span", "sc-body-name", name || code || this.screen.text("representative")),
      this.screen.make("span", "sc-body-note", [this.screen.moment(at), word, hint].filter(Boolean).join(" · ")),
    );
    item.append(this.screen.icon("clock"), words);
    if (putAway) item.append(this.screen.button("btn btn-secondary", this.screen.text("putAway"), putAway));
    return item;
  }

  async #putAway(entry) {
    await this.store.dismiss(entry.event_id);
    await this.draw();
  }
}
