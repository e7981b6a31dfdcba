/* The door of one meeting without its screen: in whose name the phone asks, which lists it holds, who has come, what it
   answers by itself and what it keeps for the commune. `told` says what happened: "meetings", "list", "came", "sent". */

import { Arrivals } from "./arrivals.js";
import { spellCode } from "./decode.js";
import { newId } from "./events.js";
import { isSession, sessionPairing } from "./identity.js";
import { judgeDoor, judgeScan } from "./judging.js";
import { Roll } from "./roll.js";
import { Sync, isAnswer } from "./sync.js";

const PATIENCE_MS = 4000;
const CLOCK_GOOD_MS = 2 * 60 * 1000;
const MOST_LISTS = 6;
const SHUT = 401;

export class Door {
  constructor({ store, commune, pairing, sync, subtle, told, watched }) {
    Object.assign(this, { store, commune, pairing, subtle, told });
    this.sync = new Sync({ ...sync, store, watched, changed: (waiting) => this.#sent(waiting) });
    this.as = null;
    this.meetings = null;
    this.meeting = null;
    this.roll = null;
    this.others = []; // lists of other meetings: whose invitation is it then?
    this.arrivals = new Arrivals();
    this.counts = null;
    this.waiting = 0;
    this.clockOffset = 0;
    this.order = 0;
    this.unpaired = false;
    this.opens = null; // the view that suits whoever is signed in
  }

  get online() {
    return this.sync.online;
  }

  set online(value) {
    this.sync.online = value;
  }

  /* By the commune's clock, as far as it is known: this phone's may be wrong by hours. */
  now() {
    return Date.now() + this.clockOffset;
  }

  // --- in whose name ------------------------------------------------------------------------------

  /* `quick`: whoever it was the last time, without asking the commune. */
  async identify({ quick = false } = {}) {
    const pairing = await this.pairing.current();
    const before = this.as?.id;
    this.unpaired = Boolean(pairing?.ended);
    if (pairing && !pairing.ended) this.as = pairing;
    else this.as = await this.#session(quick);
    await this.#endIfExpired();
    if (before && before !== this.as?.id) {
      this.#leave();
      this.meetings = null;
      this.told("meetings");
    }
    const waiting = await this.store.waiting();
    this.order = Math.max(this.order, ...waiting.map((event) => event.order ?? 0));
    await this.#sent(waiting.filter((event) => !event.odd).length);
  }

  /* Whoever is signed in. Without network: whoever was. Signed out: the lists of that person go. */
  async #session(quick) {
    const kept = await this.store.kept("session");
    const told = quick && kept ? kept : ((await this.commune.session({ fresh: true })) ?? kept);
    if (told?.signed_in) {
      await this.store.keep("session", { signed_in: true, who: told.who, opens: told.opens });
      this.opens = told.opens;
      return sessionPairing(told.who);
    }
    this.opens = null;
    if (kept) {
      await this.store.forget("session");
      await this.pairing.wipe();
    }
    return null;
  }

  async #endIfExpired() {
    if (this.as?.expires_at && Date.parse(this.as.expires_at) <= this.now()) await this.#end();
  }

  /* The commune knows this phone no more: the names go, what was not sent stays. */
  async #end() {
    if (isSession(this.as)) {
      this.opens = null;
      await this.store.forget("session");
      await this.pairing.wipe();
    } else {
      await this.pairing.end(this.as);
    }
    this.unpaired = true;
    this.as = null;
    this.meetings = null;
    this.#leave();
    this.told("meetings");
  }

  #leave() {
    this.meeting = null;
    this.roll = null;
    this.others = [];
    this.counts = null;
    this.arrivals = new Arrivals();
  }

  /* Ask the commune; remembers whether it was reached, and ends a pairing it does not know. */
  async ask(path) {
    const { as } = this;
    try {
      const answer = await this.commune.call(path, { as });
      this.online = true;
      return answer;
    } catch (error) {
      this.online = isAnswer(error);
      if (error.status === SHUT && as && as === this.as) await this.#end();
      throw error;
    }
  }

  // --- lists ----------------------------------------------------------------------------------------

  /* What an earlier visit left; false if that is nothing. */
  async recall() {
    this.meetings = (this.as && (await this.store.kept("meetings"))) ?? null;
    return this.meetings !== null;
  }

  async loadMeetings() {
    this.meetings = (await this.ask("/meetings")).meetings;
    await this.store.keep("meetings", this.meetings);
    await this.#forgetPast();
    this.told("meetings");
  }

  /* The names of meetings that are over do not stay on the phone. */
  async #forgetPast() {
    const ids = new Set(this.meetings.map((meeting) => String(meeting.id)));
    const about = /^(?:manifest|came|written):(\d+)$/;
    await this.store.forget(...(await this.store.names()).filter((name) => about.test(name) && !ids.has(about.exec(name)[1])));
  }

  async open(meeting) {
    this.#leave();
    this.meeting = meeting;
    await this.store.keep("meeting", meeting.id);
    const kept = await this.store.kept(`manifest:${meeting.id}`);
    if (kept) await this.#takeList(kept);
    else await this.loadList();
  }

  /* The list of the meeting, and those of the others at whose door this phone may stand, for when there is no signal. */
  async loadList() {
    const { meeting } = this;
    if (!meeting) return;
    const shown = await this.#doneIds();
    try {
      const manifest = await this.ask(`/meetings/${meeting.id}/manifest`);
      if (this.meeting !== meeting) return;
      this.#measureClock(manifest.server_time);
      if (manifest.meeting.status !== "closed") await this.store.keep(`manifest:${meeting.id}`, manifest);
      await this.store.keepCame(meeting.id, manifest.came, shown);
      await this.#takeList(manifest);
    } catch (error) {
      if (this.meeting === meeting && error.status === 404) await this.store.forget(`manifest:${meeting.id}`);
      if (this.meeting === meeting) await this.#takeCame();
    }
  }

  async loadOtherLists() {
    for (const { id } of (this.meetings ?? []).slice(0, MOST_LISTS)) {
      if (id === this.meeting?.id || (await this.store.kept(`manifest:${id}`))) continue;
      await this.store.keep(`manifest:${id}`, await this.ask(`/meetings/${id}/manifest`));
    }
    await this.#recallOthers();
  }

  /* Whether every list this phone may need without a signal is on it. */
  async hasLists() {
    const names = new Set(await this.store.names());
    const wanted = (this.meetings ?? []).slice(0, MOST_LISTS).filter((meeting) => meeting.status !== "closed");
    return this.store.lasting && wanted.length > 0 && wanted.every((meeting) => names.has(`manifest:${meeting.id}`));
  }

  async #takeList(manifest) {
    this.roll = new Roll(manifest);
    this.meeting = { ...this.meeting, ...manifest.meeting };
    this.told("list");
    await this.#takeCame();
    await this.#recallOthers();
  }

  async #recallOthers() {
    const names = (await this.store.names()).filter((name) => name.startsWith("manifest:") && name !== `manifest:${this.meeting?.id}`);
    this.others = (await Promise.all(names.map((name) => this.store.kept(name)))).map((manifest) => new Roll(manifest));
  }

  #measureClock(serverTime) {
    if (!serverTime) return;
    const offset = Date.parse(serverTime) - Date.now();
    this.clockOffset = Math.abs(offset) > CLOCK_GOOD_MS ? offset : 0;
  }

  async #takeCame() {
    const waiting = await this.store.waiting();
    const { id } = this.meeting ?? {};
    const ours = (events) => events.filter((event) => event.meeting_id === id);
    const rows = (await this.store.kept(`came:${id}`)) ?? this.roll?.manifest.came ?? [];
    this.arrivals.update(rows, ours(await this.store.done()), ours(waiting));
    this.told("came");
  }

  async #doneIds() {
    return (await this.store.done()).filter((event) => event.meeting_id === this.meeting?.id).map((event) => event.event_id);
  }

  async refresh() {
    await this.#endIfExpired();
    const wasOnline = this.online;
    if (this.waiting) await this.sync.flush();
    const { meeting } = this;
    if (!meeting || !this.as) return;
    const shown = await this.#doneIds();
    try {
      const counts = await this.ask(`/meetings/${meeting.id}/counts?waiting=${this.waiting}`);
      if (this.meeting?.id !== meeting.id) return;
      this.counts = counts;
      this.#measureClock(counts.server_time);
      await this.store.keepCame(meeting.id, counts.came_rows, shown);
      await this.#takeCame();
      await this.#keepUp(counts, wasOnline);
    } catch (error) {
      if (error.status) console.warn("the counts were refused", error.status);
    }
    this.told("came");
  }

  /* The meeting moved, closed, or has other invitations than this phone's list. */
  async #keepUp(counts, wasOnline) {
    if (counts.meeting) this.meeting = { ...this.meeting, ...counts.meeting };
    if (counts.expires_at && !isSession(this.as) && counts.expires_at !== this.as.expires_at) {
      this.as = { ...this.as, expires_at: counts.expires_at };
      await this.store.keepPairing(this.as);
    }
    if (this.meeting.status === "closed") {
      await this.store.forget(`manifest:${this.meeting.id}`, `came:${this.meeting.id}`, `written:${this.meeting.id}`);
      this.roll = null;
      this.counts = null;
      await this.#takeCame();
      this.told("list");
      return;
    }
    const known = this.roll?.manifest.list_version;
    if (!this.roll || (counts.list_version ? counts.list_version !== known : !wasOnline)) await this.loadList();
  }

  async #sent(waiting) {
    this.waiting = waiting;
    await this.#takeCame();
    this.told("sent");
  }

  // --- what was done at the door ---------------------------------------------------------------------

  /* An event as it goes out, with what this phone knows about it. `about`: entry ids, a name to show, its own answer. */
  make(what, about = {}) {
    this.order += 1;
    return {
      event_id: newId(),
      meeting_id: this.meeting.id,
      pairing: this.as?.id,
      order: this.order,
      scanned_at: new Date().toISOString(),
      list_at: this.roll?.manifest.server_time,
      ...what,
      about: { name: this.nameOf(what), ...about },
    };
  }

  /* What the list on this phone says to a code: {answer, entry, earlier, hint, about}. */
  async judgeCode(typed, letIn = false) {
    const door = this.#door();
    const found = await this.roll?.find(typed, this.subtle);
    const other = found ? null : await this.#otherOf(typed);
    const code = found ? { meetingId: door.meetingId, withdrawn: found.withdrawn, couldKnow: true } : other ? { meetingId: other.manifest.meeting.id } : null;
    const { answer } = door.known || code ? judgeScan(door, code, this.now(), { letIn }) : { answer: "unknown" };
    const entry = found?.entry ?? null;
    const residents = entry?.named ?? [];
    const earlier = answer === "ok" && entry ? this.arrivals.earlier(entry, residents) : undefined;
    return {
      answer: earlier ? "already" : answer,
      entry,
      earlier,
      other: other?.manifest.meeting,
      about: {
        name: entry ? this.roll.namesOf(residents).join(", ") || entry.name : spellCode(typed),
        household_id: entry?.household_id,
        guest_id: entry?.guest_id,
        resident_ids: residents,
        answer,
      },
    };
  }

  /* What it says to somebody ticked or written. */
  judgeTick(letIn = false) {
    const door = this.#door();
    return door.known ? judgeDoor(door, this.now(), { letIn }).answer : "ok";
  }

  #door() {
    if (this.roll) return { ...this.roll.door, status: this.meeting.status, known: true };
    return { meetingId: this.meeting.id, status: this.meeting.status, opensAt: null, known: this.meeting.status === "closed" };
  }

  async #otherOf(typed) {
    for (const roll of this.others) {
      if (await roll.find(typed, this.subtle)) return roll;
    }
    return null;
  }

  /* The commune's answer, or null if it gave none in time: the event waits on this phone then. */
  async submit(event) {
    const sent = this.sync.submit(event, PATIENCE_MS);
    await this.#takeCame();
    const result = await sent;
    await this.#takeCame();
    return result;
  }

  nameOf({ walk_in: walkIn, code, resident_ids: residents = [], household_id: household, guest_id: guest, proxy_name: proxy }) {
    if (walkIn) return walkIn.name;
    if (code) return spellCode(code);
    const names = [...(this.roll?.namesOf(residents) ?? []), proxy].filter(Boolean);
    return names.join(", ") || this.roll?.byKey.get(guest ? `guest:${guest}` : `household:${household}`)?.name || "";
  }
}
