/* The page's parts and texts (data-*), and the pieces the views are made of. Knows no network and no store. */

export class Screen {
  constructor(root) {
    this.root = root;
    this.texts = root.dataset;
    this.parts = Object.fromEntries([...root.querySelectorAll("[data-part]")].map((part) => [part.dataset.part, part]));
    this.views = [...root.querySelectorAll("[data-view]")];
  }

  text(name, values = {}) {
    return (this.texts[name] ?? "").replace(/\{(\w+)\}/g, (_all, key) => values[key] ?? "");
  }

  field(id) {
    return this.root.querySelector(`#${id}`);
  }

  make(tag, className, text = "") {
    const element = document.createElement(tag);
    if (className) element.className = className;
    if (text) element.textContent = text;
    return element;
  }

  button(className, text, act) {
    const button = this.make("button", className, text);
    button.type = "button";
    button.addEventListener("click", act);
    return button;
  }

  icon(name) {
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    svg.setAttribute("class", "icon");
    svg.setAttribute("aria-hidden", "true");
    const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
    use.setAttribute("href", `${this.texts.icons}#${name}`);
    svg.append(use);
    return svg;
  }

  show(view) {
    for (const section of this.views) section.hidden = section.dataset.view !== view;
    for (const tab of this.root.querySelectorAll(".sc-tabs [data-go]")) {
      tab.toggleAttribute("aria-current", tab.dataset.go === view);
    }
    this.parts.tabs.hidden = ["choose", "browser"].includes(view);
    window.scrollTo(0, 0);
  }

  /* Only what changed is written: a screen reader says it again at every writing. */
  write(part, text) {
    if (this.parts[part].textContent !== text) this.parts[part].textContent = text;
  }

  /* Times by the commune's clocks, wherever the phone thinks it is. */
  #format(instant, options) {
    const locale = this.texts.language === "en" ? "en-GB" : this.texts.language; // day before month, as the office writes
    return new Intl.DateTimeFormat(locale, { timeZone: this.texts.zone, ...options }).format(new Date(instant));
  }

  time(instant) {
    return this.#format(instant, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
  }

  moment(instant) {
    if (!instant) return "";
    const day = (when) => this.#format(when, { weekday: "long", day: "numeric", month: "numeric" });
    return `${this.time(instant)} · ${day(instant) === day(Date.now()) ? this.text("today") : day(instant)}`;
  }

  stateWord(state) {
    return state === "saved" ? this.text("saved") : state === "sent" ? this.text("confirmed") : "";
  }

  /* One row with a large tick. */
  row({ key, name, note, state, tick, open }) {
    const item = this.make("li", "sc-item");
    item.dataset.key = key;
    if (state) item.dataset.state = state;
    const box = this.button("sc-tick", "", tick);
    box.setAttribute("role", "checkbox");
    box.setAttribute("aria-checked", String(Boolean(state)));
    box.setAttribute("aria-label", name);
    if (state) box.append(this.icon(state === "saved" ? "clock" : "check"));
    const body = this.button("sc-body", "", open ?? tick);
    body.append(
      this.make("span", "sc-body-name", name),
      this.make("span", "sc-body-note", [note, this.stateWord(state)].filter(Boolean).join(" · ")),
    );
    item.append(box, body);
    return item;
  }

  /* New rows; whoever stands on one with the keyboard stays there. */
  fill(list, rows) {
    const focused = document.activeElement;
    const key = list.contains(focused) ? focused.closest("li").dataset.key : null;
    list.replaceChildren(...rows);
    const again = key && rows.find((row) => row.dataset.key === key);
    again?.getElementsByClassName(focused.className)[0]?.focus({ preventScroll: true });
  }

  heading(text) {
    return this.make("li", "sc-group", text);
  }
}
