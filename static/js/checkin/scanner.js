/* The scanner on a phone at the door: joins the door (what is known, kept and sent) with the views. */

import { Answer } from "./answer.js";
import { undoOf } from "./arrivals.js";
import { ChooseView } from "./choose.js";
import { Commune } from "./commune.js";
import { Door } from "./door.js";
import { FindView } from "./find.js";
import { identify, isSession } from "./identity.js";
import { ListView } from "./list.js";
import { Pairing, isUnfit } from "./pairing.js";
import { PrintedView } from "./printed.js";
import { ReviewView } from "./review.js";
import { ScanView } from "./scan.js";
import { Screen } from "./screen.js";
import { Sheet } from "./sheet.js";
import { Shell } from "./shell.js";
import { Sound } from "./sound.js";
import { openStore } from "./store.js";
import { TO_REVIEW } from "./sync.js";
import { UndoDialog } from "./undo.js";
import { WalkInView } from "./walk-in.js";

const REFRESH_MS = 15000;
const SOON_MS = 700;
const ASK_MS = 1500; // a code that is not on the list: how long the commune is asked before the person is let in
const NOTICE_MS = 6000;

export async function start(root) {
  const store = await openStore(window.indexedDB);
  await new Scanner(root, store).begin();
}

class Scanner {
  constructor(root, store) {
    this.root = root;
    this.store = store;
    this.screen = new Screen(root);
    this.sound = new Sound();
    this.view = "choose";
    this.pairHint = "";
    this.awaited = new Set(); // events whose answer somebody still waits for
    const { language, session, api, worker } = root.dataset;
    const commune = new Commune({ fetch: (...what) => fetch(...what), origin: location.origin, language, api, session });
    this.pairing = new Pairing({ store, commune });
    this.door = new Door({
      store,
      commune,
      pairing: this.pairing,
      subtle: window.crypto?.subtle,
      sync: {
        call: (path, options) => commune.call(path, options),
        identify: (id) => identify(id, store, commune),
        now: () => new Date().toISOString(),
        locks: navigator.locks,
      },
      watched: (eventId) => this.awaited.has(eventId) && this.answer.isFor(eventId),
      told: (what) => this.#told(what),
    });
    this.shell = new Shell({
      container: window.isSecureContext ? navigator.serviceWorker : undefined,
      storage: navigator.storage,
      address: worker,
      handedIn: () => this.refresh(),
    });
    this.answer = new Answer(this.screen, this.sound);
    this.sheet = new Sheet(this);
    this.undoDialog = new UndoDialog(this.screen);
    this.views = {
      choose: new ChooseView(this), scan: new ScanView(this), list: new ListView(this), find: new FindView(this),
      "walk-in": new WalkInView(this), review: new ReviewView(this), printed: new PrintedView(this),
    };
  }

  async begin() {
    if (!(await this.shell.begin())) return;
    await this.store.keep("language", this.screen.texts.language);
    this.#listen();
    await this.#setMuted(Boolean(await this.store.kept("muted")));
    await this.door.identify({ quick: true });
    const stays = this.#isUnfit() && location.hash.startsWith("#pair=");
    if (stays) this.#showOtherBrowser();
    else if (!(await this.#pairByLink())) await this.#begin();
    setInterval(() => this.refresh(), REFRESH_MS);
    this.root.dataset.ready = "yes";
  }

  /* What the phone has is shown at once; the commune is asked meanwhile. */
  async #begin() {
    if (await this.door.recall()) {
      await this.#openLast();
      this.#freshen();
    } else {
      await this.#freshen();
    }
  }

  async #freshen() {
    try {
      await this.door.identify();
      if (this.door.as) await this.door.loadMeetings();
    } catch {
      if (!this.door.online) await this.door.recall();
    }
    if (this.door.meeting) await this.door.loadList();
    else await this.#openLast();
    this.door.sync.flush().then(() => this.pairing.tidy(this.door.as));
    this.makeReady();
  }

  async #openLast() {
    const wanted = Number(new URLSearchParams(location.search).get("meeting")) || (await this.store.kept("meeting"));
    const { meetings } = this.door;
    const chosen = meetings?.find((meeting) => meeting.id === wanted) ?? (meetings?.length === 1 ? meetings[0] : null);
    if (chosen) await this.open(chosen);
    else this.go("choose");
  }

  async open(meeting) {
    await this.door.open(meeting);
    if (!this.door.meeting) return;
    this.views["walk-in"].begin();
    this.screen.parts["officers-board"].href = this.screen.texts.board.replace("/0/", `/${meeting.id}/`);
    this.go(isSession(this.door.as) ? (this.door.opens ?? "list") : "list");
  }

  /* Everything for the time without a signal; only then the phone says so. */
  async makeReady() {
    if (!this.door.as) return this.#drawReady("");
    this.#drawReady(this.shell.registered ? "readyWait" : "readyNever");
    this.shell.persist().then(() => this.views.choose.draw());
    try {
      await this.door.loadOtherLists();
    } catch {
      // the next refresh asks again
    }
    const ready = (await this.door.hasLists()) && (await this.shell.isComplete());
    if (ready && !this.isReady) this.notice(this.screen.text("readyNow"));
    this.isReady = ready;
    this.#drawReady(ready ? "ready" : this.shell.registered && this.store.lasting ? "readyWait" : "readyNever");
  }

  #drawReady(word) {
    this.screen.write("ready", word && this.screen.text(word === "ready" ? "readySign" : word));
    this.screen.parts.ready.dataset.state = word === "ready" ? "good" : "wait";
    this.isReady = word === "ready";
  }

  /* Once at a time: on a stalled network each try takes long. */
  refresh() {
    this.refreshing ??= this.#refresh().finally(() => {
      this.refreshing = null;
    });
    return this.refreshing;
  }

  async #refresh() {
    const code = await this.pairing.unfinished();
    if (code && this.view === "choose") await this.pair(code);
    if (!this.door.meeting && this.door.as && !document.hidden) await this.#freshen();
    else if (!document.hidden || this.door.waiting) await this.door.refresh();
    if (!this.isReady && this.door.online) await this.makeReady();
    if (this.door.waiting && !this.door.online) this.shell.sendLater();
  }

  // --- pairing --------------------------------------------------------------------------------------

  #isUnfit() {
    return isUnfit({ userAgent: navigator.userAgent, lasting: this.store.lasting, secure: window.isSecureContext, worker: navigator.serviceWorker });
  }

  #showOtherBrowser() {
    this.view = "browser";
    this.screen.show("browser");
    this.views.choose.showOtherBrowser();
  }

  async goOnHere() {
    if (!(await this.#pairByLink())) this.go("choose");
  }

  async #pairByLink() {
    const code = new URLSearchParams(location.hash.slice(1)).get("pair");
    if (!code) return false;
    history.replaceState(null, "", location.pathname + location.search);
    return this.pair(code);
  }

  async pair(code) {
    const end = await this.pairing.redeem(code);
    this.pairHint = { refused: "pairFailed", later: "pairLater" }[end] ?? "";
    if (end !== "paired") {
      this.go("choose");
      return false;
    }
    await this.door.identify();
    await this.door.recall();
    await this.#openLast();
    await this.#freshen();
    return true;
  }

  // --- what is done at the door -----------------------------------------------------------------------

  /* A code read or typed: this phone answers at once, the commune amends. */
  async recordCode(code, method) {
    const { door } = this;
    if (!door.meeting) return;
    const judged = await door.judgeCode(code);
    const event = door.make({ code, method }, judged.about);
    const saved = { saved: true };
    if (judged.answer === "unknown") {
      this.answer.show({ eventId: event.event_id, status: door.online ? "asking" : "ok", ...this.#unlisted(event) });
      setTimeout(() => {
        if (this.answer.eventId === event.event_id && this.answer.status === "asking") this.#letInUnlisted(event);
      }, ASK_MS);
    } else {
      this.answer.show({ eventId: event.event_id, status: judged.answer, ...saved, ...this.#wordsFor(judged) });
    }
    const result = await this.#submit(event);
    // a code that is not on the list was let in when the commune did not say otherwise in time
    if (result) this.#amend(event, result, judged.answer === "unknown" ? "ok" : judged.answer, judged.entry);
    else if (this.answer.eventId === event.event_id && this.answer.status === "asking") this.#letInUnlisted(event);
  }

  #unlisted(event) {
    return { name: event.about.name, more: this.screen.text("checkedLater"), saved: true };
  }

  #letInUnlisted(event) {
    this.answer.show({ eventId: event.event_id, status: "ok", ...this.#unlisted(event) });
  }

  #wordsFor({ answer, entry, earlier, other, about }) {
    return {
      word: earlier && this.screen.text("alreadyAt", { time: this.screen.time(earlier.at) }),
      name: about.name,
      place: this.#placeOf(entry, about.name),
      more: [
        other && `${other.title}, ${this.screen.moment(other.starts_at)}`,
        answer === "not_open" && this.#opensAt(),
        this.screen.text(`${answer}More`),
      ].filter(Boolean).join(" "),
      saved: answer === "ok",
      letIn: answer === "ok" ? null : () => this.letIn(entry),
      members: answer === "ok" && entry?.members?.length > 1 ? () => this.sheet.open(entry) : null,
    };
  }

  /* Household and hamlet, where the name alone does not say them. */
  #placeOf(entry, name) {
    if (!entry) return "";
    if (entry.guest_id) return entry.note ?? "";
    return [entry.name === name ? "" : this.screen.text("householdOf", { name: entry.name }), entry.hamlet].filter(Boolean).join(" · ");
  }

  #opensAt() {
    const opens = this.door.roll?.manifest.opens_at;
    return opens ? this.screen.text("opensAt", { moment: this.screen.moment(opens) }) : "";
  }

  /* Somebody ticked, found or written. `quiet`: the tick itself is the answer, unless the door says no. */
  async record(what, { quiet = false, entry = null, name } = {}) {
    const status = this.door.judgeTick(what.let_in);
    const about = { household_id: entry?.household_id, guest_id: entry?.guest_id, answer: status, ...(name ? { name } : {}) };
    const event = this.door.make(what, about);
    event.about.name ||= entry?.name ?? "";
    if (quiet && status === "ok") {
      this.screen.parts.said.textContent = `${this.screen.text("ok")}: ${event.about.name}`;
      this.sound.tell("ok");
    } else {
      this.answer.show({ eventId: event.event_id, status, ...this.#wordsFor({ answer: status, entry, about: event.about }), members: null });
    }
    if (what.walk_in) await this.#note(event);
    const result = await this.#submit(event);
    if (result && !(quiet && result.status === "ok")) this.#amend(event, result, status, entry);
  }

  async #submit(event) {
    this.awaited.add(event.event_id);
    const result = await this.door.submit(event);
    this.awaited.delete(event.event_id);
    if (!result) this.shell.sendLater();
    clearTimeout(this.soon);
    this.soon = setTimeout(() => this.refresh(), SOON_MS);
    return result;
  }

  /* The commune's word stands on the screen if this person is still the one in front; else it waits in the list. */
  #amend(event, result, shown, entry) {
    const { eventId } = this.answer;
    if (eventId !== event.event_id && (eventId !== null || result.status === shown)) {
      if (TO_REVIEW.has(result.status)) this.views.review.draw();
      return;
    }
    const { status } = result;
    const first = status === "already" ? result.people.find((person) => person.first_scanned_at) : undefined;
    const known = this.door.roll?.household(result.household_id) ?? entry ?? this.#household(result);
    // a phone that may only hand in has written the name already
    const written = status === "held" && !event.code;
    const name = result.people.map((person) => person.name).join(", ") || result.household || (written || status === "ok" ? event.about.name : entry?.name) || "";
    this.answer.show({
      eventId: event.event_id,
      status,
      word: first && this.screen.text("alreadyAt", { time: this.screen.time(first.first_scanned_at) }),
      name,
      place: this.#placeOf(known, name),
      more: [
        status === "invalid" ? "" : result.hint,
        first?.device && this.screen.text("firstBy", { device: first.device }),
        this.screen.text(`${status}More`),
      ].filter(Boolean).join(" "),
      letIn: status === "ok" || written || event.undo ? null : () => this.letIn(known),
      members: status === "ok" && !event.resident_ids && known?.members?.length > 1 ? () => this.sheet.open(known) : null,
    });
  }

  /* A household of the commune that this meeting's list does not have: nobody is turned away. */
  #household({ household_id: id, household }) {
    return id ? { household_id: id, name: household, members: [] } : null;
  }

  letIn(entry) {
    if (entry) this.sheet.open(entry, true);
    else this.go("walk-in");
  }

  writeName(name) {
    this.screen.field("walk-in-name").value = name;
    this.go("walk-in");
  }

  async undo(row, name, entry = null) {
    const reason = await this.undoDialog.ask(name);
    if (reason === null) return;
    const undo = undoOf(row);
    const event = this.door.make({ undo, note: reason, method: "undo" }, { name, answer: "ok" });
    this.notice(this.screen.text("undone", { name }));
    if (row.eventId) await this.#unnote(row.eventId);
    const result = await this.#submit(event);
    if (result && result.status !== "ok") this.#amend(event, result, "ok", entry);
  }

  // --- whom this phone wrote by name ----------------------------------------------------------------

  async written() {
    return (await this.store.kept(`written:${this.door.meeting?.id}`)) ?? [];
  }

  async #note(event) {
    const row = { event_id: event.event_id, name: event.walk_in.name, at: event.scanned_at };
    await this.store.keep(`written:${event.meeting_id}`, [row, ...(await this.written())]);
    if (this.view === "walk-in") this.views["walk-in"].draw();
  }

  async #unnote(eventId) {
    await this.store.keep(`written:${this.door.meeting.id}`, (await this.written()).filter((row) => row.event_id !== eventId));
    if (this.view === "walk-in") this.views["walk-in"].draw();
  }

  // --- the screen ---------------------------------------------------------------------------------------

  go(view) {
    this.view = view === "choose" || view === "review" || this.door.meeting ? view : "choose";
    this.screen.show(this.view);
    if (this.view !== "scan") this.views.scan.stop();
    this.#draw();
    if (this.view === "scan") this.views.scan.start();
    if (this.view === "walk-in") this.screen.field("walk-in-name").focus();
    if (this.view === "find") this.screen.field("find-name").focus();
  }

  #told(what) {
    if (what === "meetings" && !this.door.meeting && !["choose", "browser"].includes(this.view)) this.go("choose");
    else if (what === "sent") this.views.review.draw();
    if (what === "list" && this.door.meeting) this.views["walk-in"].begin();
    this.#draw();
  }

  #draw() {
    this.#drawHead();
    if (["choose", "list", "find", "walk-in", "printed"].includes(this.view)) this.views[this.view].draw();
  }

  #drawHead() {
    const { meeting, roll, arrivals, counts, waiting, online } = this.door;
    const invited = counts?.invited ?? roll?.entries.length;
    const came = roll?.entries.filter((entry) => arrivals.stateOf(entry)).length;
    this.screen.write("title", meeting?.title ?? this.screen.text("door"));
    this.screen.write("when", meeting ? this.screen.moment(meeting.starts_at) : "");
    this.screen.write("counter", roll && meeting ? `${came}/${invited}` : "");
    const words = [
      this.screen.text(online ? "online" : "offline"),
      waiting && this.screen.text("waiting", { n: waiting }),
      !this.store.lasting && this.screen.text("noStore"),
      this.door.unpaired && this.screen.text("unpaired"),
      waiting && online && this.door.sync.trouble && !this.door.unpaired && this.screen.text("waitsForOwner"),
    ].filter(Boolean);
    this.screen.write("line", words.join(" · "));
    this.screen.parts.line.dataset.state = online && words.length === 1 ? "good" : "wait";
  }

  notice(text) {
    this.screen.write("notice", text);
    clearTimeout(this.noticeLater);
    this.noticeLater = setTimeout(() => this.screen.write("notice", ""), NOTICE_MS);
  }

  async #setMuted(muted) {
    this.sound.muted = muted;
    this.screen.parts.mute.setAttribute("aria-pressed", String(muted));
    await this.store.keep("muted", muted);
  }

  #listen() {
    this.root.addEventListener("pointerdown", () => this.sound.wake(), { passive: true });
    for (const button of this.root.querySelectorAll("[data-go]")) button.addEventListener("click", () => this.go(button.dataset.go));
    this.screen.parts.mute.addEventListener("click", () => this.#setMuted(!this.sound.muted));
    window.addEventListener("hashchange", async () => {
      // a new link opened where the scanner is open already
      if (location.hash.startsWith("#pair=")) await this.#pairByLink();
    });
    window.addEventListener("online", () => this.refresh());
    window.addEventListener("offline", () => {
      this.door.online = false;
      this.#drawHead();
    });
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden) this.refresh();
    });
  }
}
