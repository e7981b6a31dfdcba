/* What the scanner shows, sounds and shakes. Knows the page's parts and texts (data-*), no network and no store. */

const LOOKS = {
  ok: ["done", "ok"],
  already: ["again", "attention"],
  other_meeting: ["arrow-right", "attention"],
  cancelled_meeting: ["failure", "attention"],
  revoked: ["lock", "attention"],
  not_open: ["clock", "quiet"],
  closed: ["lock", "quiet"],
  held: ["clock", "attention"],
  unknown: ["question", "quiet"],
  invalid: ["question", "quiet"],
};

const OK_SHOWN_MS = 1800;
const OK_WITH_MEMBERS_MS = 4000; // time to reach for the button that asks who of the household came

export class Screen {
  constructor(root) {
    this.root = root;
    this.texts = root.dataset;
    this.parts = Object.fromEntries([...root.querySelectorAll("[data-part]")].map((part) => [part.dataset.part, part]));
    this.views = [...root.querySelectorAll("[data-view]")];
    this.muted = false;
    this.sound = null;
    this.hideLater = null;
  }

  text(name, values = {}) {
    return (this.texts[name] ?? "").replace(/\{(\w+)\}/g, (_all, key) => values[key] ?? "");
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
    this.parts.tabs.hidden = view === "choose";
    window.scrollTo(0, 0);
  }

  head({ title, when, counter }) {
    this.write("title", title);
    this.write("when", when);
    this.write("counter", counter);
  }

  /* Only what changed is written: a screen reader says it again at every writing. */
  write(part, text) {
    if (this.parts[part].textContent !== text) this.parts[part].textContent = text;
  }

  line(online, waiting, remark = "") {
    const words = [online ? this.text("online") : this.text("offline")];
    if (waiting) words.push(this.text("waiting", { n: waiting }));
    if (remark) words.push(remark);
    this.write("line", words.join(" · "));
    this.parts.line.dataset.state = online && !waiting && !remark ? "good" : "wait";
  }

  /* The camera's picture, or what keeps it shut, with another try where that may help. */
  camera(trouble, { again = false } = {}) {
    this.parts.camera.hidden = Boolean(trouble);
    this.write("camera-hint", this.text(trouble || "aim"));
    this.parts["camera-again"].hidden = !again;
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

  /* One row with a large tick. */
  row({ key, name, note, state, tick, open }) {
    const item = document.createElement("li");
    item.className = "sc-item";
    item.dataset.key = key;
    if (state) item.dataset.state = state;
    const box = document.createElement("button");
    box.type = "button";
    box.className = "sc-tick";
    box.setAttribute("role", "checkbox");
    box.setAttribute("aria-checked", String(Boolean(state)));
    box.setAttribute("aria-label", name);
    if (state) box.append(this.icon(state === "saved" ? "clock" : "check"));
    box.addEventListener("click", tick);
    const body = document.createElement("button");
    body.type = "button";
    body.className = "sc-body";
    const strong = document.createElement("span");
    strong.className = "sc-body-name";
    strong.textContent = name;
    const small = document.createElement("span");
    small.className = "sc-body-note";
    const kept = state === "saved" ? this.text("saved") : state === "sent" ? this.text("confirmed") : "";
    small.textContent = [note, kept].filter(Boolean).join(" · ");
    body.append(strong, small);
    body.addEventListener("click", open ?? tick);
    item.append(box, body);
    return item;
  }

  /* New rows; whoever stands on one with the keyboard stays there. */
  fill(list, rows) {
    const focused = document.activeElement;
    const key = list.contains(focused) ? focused.closest("li").dataset.key : null;
    list.replaceChildren(...rows);
    const again = key && rows.find((row) => row.dataset.key === key);
    again?.getElementsByClassName(focused.className)[0].focus({ preventScroll: true });
  }

  heading(text) {
    const item = document.createElement("li");
    item.className = "sc-group";
    item.textContent = text;
    return item;
  }

  /* A large tick of one member in the sheet. */
  member(name, value, came) {
    const item = document.createElement("li");
    const label = document.createElement("label");
    label.className = "sc-member";
    const box = document.createElement("input");
    box.type = "checkbox";
    box.value = value;
    box.checked = came;
    box.disabled = came;
    const words = document.createElement("span");
    words.textContent = came ? `${name} · ${this.text("came")}` : name;
    label.append(box, words);
    item.append(label);
    return item;
  }

  /* The answer covers the screen; a green one goes by itself. Colour, icon, word, sound and shaking say the same. */
  answer({ status, word, name, more, saved, letIn, members }) {
    const [icon, look] = LOOKS[status] ?? LOOKS.unknown;
    const parts = this.parts;
    parts.answer.dataset.look = look;
    parts["answer-icon"].replaceChildren(this.icon(icon));
    parts["answer-word"].textContent = word ?? this.text(status);
    parts["answer-name"].textContent = name ?? "";
    parts["answer-more"].textContent = more ?? "";
    parts["answer-kept"].textContent = saved ? this.text("saved") : status === "ok" ? this.text("confirmed") : "";
    parts["answer-let-in"].hidden = !letIn;
    parts["answer-let-in"].onclick = () => this.#after(letIn);
    parts["answer-members"].hidden = !members;
    parts["answer-members"].onclick = () => this.#after(members);
    parts["answer-next"].onclick = () => this.hideAnswer();
    if (!parts.answer.open) parts.answer.showModal();
    (letIn ? parts["answer-let-in"] : parts["answer-next"]).focus();
    this.tell(status);
    clearTimeout(this.hideLater);
    if (status === "ok") this.hideLater = setTimeout(() => this.hideAnswer(), members ? OK_WITH_MEMBERS_MS : OK_SHOWN_MS);
  }

  /* The short answer to a tick: no screen of its own, but heard by those who do not see it. */
  say(name) {
    this.parts.said.textContent = `${this.text("ok")}: ${name}`;
    this.tell("ok");
  }

  #after(next) {
    this.hideAnswer();
    next?.();
  }

  hideAnswer() {
    clearTimeout(this.hideLater);
    if (this.parts.answer.open) this.parts.answer.close();
  }

  /* Browsers allow sound after the first touch only. */
  wakeSound() {
    const Context = window.AudioContext ?? window.webkitAudioContext;
    if (!this.sound && Context) this.sound = new Context();
    this.sound?.resume?.();
  }

  tell(status) {
    if (this.muted) return;
    navigator.vibrate?.(status === "ok" ? 80 : [140, 80, 140]);
    const tones = status === "ok" ? [880, 1175] : status === "already" ? [660, 660] : [330, 247];
    if (this.sound?.state !== "running") return;
    tones.forEach((pitch, place) => {
      const tone = this.sound.createOscillator();
      const volume = this.sound.createGain();
      const start = this.sound.currentTime + place * 0.14;
      tone.frequency.value = pitch;
      volume.gain.setValueAtTime(0.25, start);
      volume.gain.exponentialRampToValueAtTime(0.001, start + 0.12);
      tone.connect(volume).connect(this.sound.destination);
      tone.start(start);
      tone.stop(start + 0.13);
    });
  }
}
