/* Sends what the phone keeps. An event is kept before it is sent, sent again under the same event_id as often as
   needed, and removed only when the commune has acknowledged that very event. Runs in the page and in the service
   worker: a lock lets one of them send at a time. */

const PIECE = 50;
const BUSY = [408, 429, 502, 503, 504];
const LOCAL = new Set(["meeting_id", "pairing", "order", "odd", "about"]); // the phone's own notes
export const TO_REVIEW = new Set(["unknown", "other_meeting", "cancelled_meeting", "revoked", "not_open", "closed", "held"]);
const CAME = new Set(["ok", "already"]);

/* Whether the commune answered. One that is busy or being started says nothing to what was sent: later. */
export function isAnswer(error) {
  return Boolean(error.status) && !BUSY.includes(error.status);
}

export class Sync {
  /* `watched(event_id)`: somebody sees the answer to this event on the screen. `changed(waiting)` after every piece. */
  constructor({ store, call, now, locks, identify = async (pairing) => pairing, watched = () => false, changed = () => {} }) {
    Object.assign(this, { store, call, now, locks, identify, watched, changed });
    this.answers = new Map();
    this.fresh = new Map(); // event_id → until when the commune may take it for one just made
    this.online = true;
    this.trouble = null; // a refusal that keeps a group of events here: its status
    this.sending = null;
    this.again = false;
  }

  /* Keep the event and try to send it; resolves with the commune's answer, or null if there was none in time.
     It is kept as made without network: only the request that still goes out in time says otherwise. Where there is
     none, the phone's own word stands, also if the network comes back a moment later. */
  async submit(event, patience) {
    await this.store.put({ ...event, offline: true });
    if (!this.online) {
      this.flush();
      return null;
    }
    this.fresh.set(event.event_id, performance.now() + patience);
    const answer = new Promise((resolve) => {
      this.answers.set(event.event_id, resolve);
      setTimeout(() => resolve(null), patience);
    });
    this.flush();
    const result = await answer;
    this.fresh.delete(event.event_id);
    this.answers.delete(event.event_id);
    return result;
  }

  flush() {
    if (this.sending) {
      this.again = true;
      return this.sending;
    }
    const send = () => this.#sendAll();
    this.sending = (this.locks ? this.locks.request("eventmgr-sync", send) : send()).finally(() => {
      this.sending = null;
    });
    return this.sending;
  }

  async #sendAll() {
    const left = new Set(); // groups that cannot be sent now
    this.trouble = null;
    do {
      this.again = false;
      let piece = await this.#nextPiece(left);
      while (piece) {
        if (!(await this.#sendPiece(piece))) left.add(piece.group);
        await this.#tell();
        piece = left.size && !this.online ? null : await this.#nextPiece(left);
      }
    } while (this.again && (this.online || !left.size));
    if (left.size) this.#giveUp();
    await this.#tell();
  }

  async #tell() {
    this.changed((await this.store.waiting()).filter((event) => !event.odd).length);
  }

  /* Without an answer by now none will come before the next try. */
  #giveUp() {
    for (const resolve of this.answers.values()) resolve(null);
  }

  /* The next events of one pairing and one meeting. What was just done at the door goes first, alone: a person waits.
     Not past something taken back: what followed it must follow it. */
  async #nextPiece(left) {
    const all = (await this.store.waiting()).filter((event) => !event.odd);
    const waiting = all.filter((event) => !left.has(groupOf(event)));
    const first = (waiting.some((event) => event.undo) ? null : waiting.find((event) => this.#isFresh(event))) ?? waiting[0];
    if (!first) return null;
    const group = groupOf(first);
    const ours = waiting.filter((event) => groupOf(event) === group);
    const events = this.#isFresh(first) ? ours.filter((event) => this.#isFresh(event)) : ours.slice(0, PIECE);
    const more = all.filter((event) => event.pairing === first.pairing).length - events.length;
    return { group, events, more, meetingId: first.meeting_id, pairing: first.pairing };
  }

  #isFresh(event) {
    return (this.fresh.get(event.event_id) ?? 0) > performance.now();
  }

  /* Whether the group may go on: not if the commune was not reached, or knows its pairing or meeting no more. */
  async #sendPiece({ events, more, meetingId, pairing }) {
    const as = await this.identify(pairing);
    if (!as) {
      this.trouble = 401;
      return false;
    }
    const scans = events.map((event) => wire(event, !this.#isFresh(event)));
    // one try may call it fresh: when the reply is lost nobody saw an answer
    for (const event of events) this.fresh.delete(event.event_id);
    let body;
    try {
      body = await this.call(`/meetings/${meetingId}/scans`, { as, body: { scans, sent_at: this.now(), waiting: more } });
    } catch (error) {
      return this.#refused(error, { events, more, meetingId, pairing });
    }
    this.online = true;
    return this.#take(events, body.results);
  }

  async #refused(error, piece) {
    this.online = isAnswer(error);
    if (!this.online) return false;
    const unread = [400, 413, 422, 500].includes(error.status);
    if (unread && piece.events.length > 1) {
      // one of them spoils it for the others: each by itself
      let all = true;
      for (const [place, event] of piece.events.entries()) {
        const more = piece.more + piece.events.length - place - 1;
        all = (await this.#sendPiece({ ...piece, events: [event], more })) && all;
        if (!this.online) return false;
      }
      return all;
    }
    if (unread && error.status !== 500) {
      await this.store.settle({ odd: piece.events });
      for (const event of piece.events) this.answers.get(event.event_id)?.({ event_id: event.event_id, status: "invalid", people: [] });
      return true;
    }
    this.trouble = error.status;
    return false;
  }

  async #take(events, results) {
    const byId = new Map(events.map((event) => [event.event_id, event]));
    const told = results.filter((result) => byId.has(result.event_id));
    const odd = told.filter((result) => result.status === "invalid").map((result) => byId.get(result.event_id));
    const review = told
      .filter((result) => TO_REVIEW.has(result.status) && !this.watched(result.event_id))
      .map((result) => reviewOf(byId.get(result.event_id), result));
    const taken = told.filter((result) => result.status !== "invalid").map((result) => result.event_id);
    const done = told.filter((result) => CAME.has(result.status)).map((result) => doneBy(byId.get(result.event_id), result));
    await this.store.settle({ taken, done, review, odd });
    for (const result of told) this.answers.get(result.event_id)?.(result);
    // what the answer does not name stays here; the same piece must not go round for ever
    return told.length > 0;
  }
}

function groupOf(event) {
  return `${event.pairing ?? ""} ${event.meeting_id}`;
}

function wire(event, offline) {
  return { ...Object.fromEntries(Object.entries(event).filter(([name]) => !LOCAL.has(name))), offline };
}

/* What came of it, for this phone's own list until the commune's shows it. */
function doneBy(event, result) {
  const householdId = event.about?.household_id ?? result.household_id ?? undefined;
  return { ...event, about: { ...event.about, household_id: householdId, answer: "ok" } };
}

function reviewOf(event, result) {
  const name = result.people?.map((person) => person.name).join(", ") || result.household || event.about?.name || event.walk_in?.name || "";
  return { event_id: event.event_id, meeting_id: event.meeting_id, scanned_at: event.scanned_at, status: result.status, name, code: event.code ?? "", hint: result.hint ?? "" };
}
