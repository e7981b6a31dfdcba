/* The answer that covers the screen for a moment. A green one goes by itself; colour, icon, word, sound and shaking say
   the same. It shows one event: what the commune says later changes it in its place. */

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
  asking: ["clock", "quiet"],
};

const OK_SHOWN_MS = 1800;
const OK_WITH_MEMBERS_MS = 4000; // time to reach for the button that asks who of the household came

export class Answer {
  constructor(screen, sound) {
    this.screen = screen;
    this.sound = sound;
    this.eventId = null;
    this.status = null;
    this.hideLater = null;
    const { parts } = screen;
    parts.answer.addEventListener("close", () => {
      if (!parts.answer.open) this.eventId = null;
    });
    parts["answer-next"].addEventListener("click", () => this.hide());
  }

  /* Whether the person in front sees the answer to this event, or would: nobody else's is on the screen. */
  isFor(eventId) {
    return this.eventId === null || this.eventId === eventId;
  }

  show({ eventId, status, word, name, place, more, saved, letIn, members }) {
    const { parts } = this.screen;
    const [icon, look] = LOOKS[status] ?? LOOKS.unknown;
    const again = this.eventId === eventId && this.status === status;
    this.eventId = eventId;
    this.status = status;
    parts.answer.dataset.look = look;
    if (!again) parts["answer-icon"].replaceChildren(this.screen.icon(icon));
    this.screen.write("answer-word", word || this.screen.text(status));
    this.screen.write("answer-name", name ?? "");
    this.screen.write("answer-place", place ?? "");
    this.screen.write("answer-more", more ?? "");
    this.screen.write("answer-kept", saved ? this.screen.text("saved") : status === "ok" ? this.screen.text("confirmed") : "");
    this.#offer("answer-let-in", letIn);
    this.#offer("answer-members", members);
    if (!parts.answer.open) parts.answer.showModal();
    if (!again) (letIn ? parts["answer-let-in"] : parts["answer-next"]).focus();
    if (again || status === "asking") return;
    this.sound.tell(status);
    clearTimeout(this.hideLater);
    if (status === "ok") this.hideLater = setTimeout(() => this.hide(), members ? OK_WITH_MEMBERS_MS : OK_SHOWN_MS);
  }

  #offer(part, next) {
    const button = this.screen.parts[part];
    button.hidden = !next;
    button.onclick = () => {
      this.hide();
      next?.();
    };
  }

  hide() {
    clearTimeout(this.hideLater);
    this.eventId = null;
    if (this.screen.parts.answer.open) this.screen.parts.answer.close();
  }
}
