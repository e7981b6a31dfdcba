/* Sends what the phone keeps. An event is kept before it is sent, sent again under the same event_id as often as
   needed, and removed only when the commune has acknowledged that very event. */

const PIECE = 50;

export class Sync {
  constructor({ store, call, now, locks, changed }) {
    this.store = store;
    this.call = call;
    this.now = now;
    this.locks = locks;
    this.changed = changed;
    this.answers = new Map();
    this.online = true;
    this.refused = false;
    this.sending = null;
  }

  /* Keep the event, try to send it, and answer with what the commune says, or null if it said nothing in time. */
  async submit(event, patience) {
    await this.store.put(event);
    let late;
    const answer = new Promise((resolve) => {
      this.answers.set(event.event_id, resolve);
      late = setTimeout(() => resolve(null), patience);
    });
    this.flush().then(() => {
      // this piece was tried: without an answer by now none will come before the next try
      if (!this.online || this.refused) this.answers.get(event.event_id)?.(null);
    });
    const result = await answer;
    clearTimeout(late);
    this.answers.delete(event.event_id);
    if (result === null) await this.#markOffline(event);
    return result;
  }

  async #markOffline(event) {
    const waiting = await this.store.waiting();
    if (waiting.some((kept) => kept.event_id === event.event_id)) await this.store.put({ ...event, offline: true });
  }

  async flush() {
    while (this.sending) await this.sending;
    this.sending = this.locks ? this.locks.request("eventmgr-sync", () => this.#send()) : this.#send();
    try {
      await this.sending;
    } finally {
      this.sending = null;
    }
    this.changed((await this.store.waiting()).length);
  }

  async #send() {
    const waiting = (await this.store.waiting()).sort((a, b) => a.scanned_at.localeCompare(b.scanned_at));
    for (const meetingId of new Set(waiting.map((event) => event.meeting_id))) {
      const ours = waiting.filter((event) => event.meeting_id === meetingId);
      for (let start = 0; start < ours.length; start += PIECE) {
        if (!(await this.#sendPiece(meetingId, ours.slice(start, start + PIECE)))) return;
      }
    }
  }

  async #sendPiece(meetingId, events) {
    const scans = events.map(({ meeting_id: _meeting, ...event }) => event);
    let body;
    try {
      body = await this.call(`/meetings/${meetingId}/scans`, { scans, sent_at: this.now() });
    } catch (error) {
      // a refusal is an answer of the commune's server; everything else means that it was not reached
      this.online = Boolean(error.status) && error.status < 500;
      this.refused = this.online;
      return false;
    }
    this.online = true;
    this.refused = false;
    for (const result of body.results) {
      if (!result.event_id) continue;
      await this.store.remove(result.event_id);
      this.answers.get(result.event_id)?.(result);
    }
    return true;
  }
}
