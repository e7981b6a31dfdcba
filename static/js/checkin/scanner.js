/* The scanner at the door: joins camera, decode, store, sync and screen. */

import { fold, matches } from "../lib/filter-list.js";
import { Camera } from "./camera.js";
import { digestOf, normaliseCode, openReader, spellCode } from "./decode.js";
import { Screen } from "./screen.js";
import { openStore } from "./store.js";
import { Sync } from "./sync.js";

const PATIENCE_MS = 4000;
const REFRESH_MS = 15000;
const CAMERA_TROUBLES = { NotAllowedError: "noCamera", NotFoundError: "cameraMissing", OverconstrainedError: "cameraMissing" };

export async function start(root) {
  const door = new Door(root);
  await door.begin();
}

class Door {
  constructor(root) {
    this.root = root;
    this.screen = new Screen(root);
    this.api = root.dataset.api;
    this.token = null;
    this.meeting = null;
    this.manifest = null;
    this.came = new Map(); // "household:3" → {state, attendanceId}
    this.waiting = 0;
    this.remark = "";
    this.camera = null;
    this.view = "choose";
  }

  async begin() {
    this.store = await openStore(window.indexedDB);
    if (!this.store.lasting) this.remark = this.screen.text("noStore");
    this.sync = new Sync({
      store: this.store,
      call: (path, body) => this.call(path, body),
      now: () => new Date().toISOString(),
      locks: navigator.locks,
      changed: (waiting) => this.#changed(waiting),
    });
    this.token = (await this.store.kept("token")) ?? null;
    this.#listen();
    await this.#pairByLink();
    await this.#chooseMeeting();
    setInterval(() => this.#refresh(), REFRESH_MS);
    // what an earlier visit left behind
    this.sync.flush().then(() => this.#refresh());
    this.root.dataset.ready = "yes";
  }

  // --- the commune ----------------------------------------------------------------------------

  async call(path, body) {
    const headers = { Accept: "application/json" };
    if (this.token) headers.Authorization = `Bearer ${this.token}`;
    else if (this.root.dataset.csrf) headers["X-CSRFToken"] = this.root.dataset.csrf;
    if (body !== undefined) headers["Content-Type"] = "application/json";
    const address = new URL(this.api + path, location.href);
    address.searchParams.set("lang", this.root.dataset.language); // the token says whose phone, not what it speaks
    const response = await fetch(address, {
      method: body === undefined ? "GET" : "POST",
      headers,
      body: body === undefined ? undefined : JSON.stringify(body),
      // a token stands alone: a cookie beside it would say somebody else
      credentials: this.token ? "omit" : "same-origin",
      signal: AbortSignal.timeout(15000),
    });
    if (!response.ok) throw Object.assign(new Error(`status ${response.status}`), { status: response.status });
    return response.json();
  }

  async #pairByLink() {
    const code = new URLSearchParams(location.hash.slice(1)).get("pair");
    if (!code) return false;
    history.replaceState(null, "", location.pathname + location.search);
    return this.#pair(code);
  }

  async #pairAgain(paired) {
    if (!paired) {
      this.#go("choose");
      return;
    }
    this.remark = "";
    await this.#chooseMeeting();
    this.sync.flush();
  }

  async #pair(code) {
    const before = this.token;
    this.token = null;
    try {
      const told = await this.call("/devices", { code });
      this.token = told.token;
      await this.store.keep("token", told.token);
      await this.store.forget("meeting");
      navigator.storage?.persist?.();
      return true;
    } catch (error) {
      this.token = before;
      this.screen.parts["choose-hint"].textContent = this.screen.text(error.status ? "pairFailed" : "loadFailed");
      return false;
    }
  }

  async #chooseMeeting() {
    let meetings = null;
    try {
      meetings = (await this.call("/meetings")).meetings;
      await this.store.keep("meetings", meetings);
    } catch (error) {
      if (error.status === 401 && this.token) {
        this.remark = this.screen.text("unpaired");
      } else if (!error.status) {
        meetings = (await this.store.kept("meetings")) ?? null;
        this.sync.online = false;
      }
    }
    this.#showMeetings(meetings);
    const last = await this.store.kept("meeting");
    const chosen = meetings?.find((meeting) => meeting.id === last) ?? (meetings?.length === 1 ? meetings[0] : null);
    if (chosen) await this.#open(chosen);
    else this.#go("choose");
  }

  #showMeetings(meetings) {
    const { parts } = this.screen;
    if (!meetings) parts["choose-hint"].textContent ||= this.screen.text("pairFirst");
    else if (!meetings.length) parts["choose-hint"].textContent = this.screen.text("noMeeting");
    parts.meetings.replaceChildren(
      ...(meetings ?? []).map((meeting) => {
        const item = document.createElement("li");
        const button = document.createElement("button");
        button.type = "button";
        button.className = "sc-choice";
        const name = document.createElement("strong");
        name.textContent = meeting.title;
        const more = document.createElement("span");
        more.textContent = [this.screen.moment(meeting.starts_at), meeting.hamlets.map((hamlet) => hamlet.name).join(", "), meeting.venue]
          .filter(Boolean)
          .join(" · ");
        button.append(name, more);
        button.addEventListener("click", () => this.#open(meeting));
        item.append(button);
        return item;
      }),
    );
  }

  async #open(meeting) {
    this.meeting = meeting;
    this.came = new Map();
    await this.store.keep("meeting", meeting.id);
    this.#fillHamlets();
    await this.#loadManifest();
    // whoever is signed in as an officer scans; a hamlet head and a paired phone begin with the list
    this.#go(this.token ? "list" : this.root.dataset.opens);
  }

  #fillHamlets() {
    const select = this.root.querySelector("#walk-in-hamlet");
    select.replaceChildren(select.options[0], ...this.meeting.hamlets.map((hamlet) => new Option(hamlet.name, hamlet.id)));
    if (this.meeting.hamlets.length) select.selectedIndex = 1;
  }

  async #loadManifest() {
    const name = `manifest:${this.meeting.id}`;
    try {
      this.manifest = await this.call(`/meetings/${this.meeting.id}/manifest`);
      await this.store.keep(name, this.manifest);
      this.sync.online = true;
    } catch (error) {
      this.manifest = (await this.store.kept(name)) ?? null;
      if (!error.status) this.sync.online = false;
      if (!this.manifest) this.remark = this.screen.text("loadFailed");
    }
    await this.#takeCame(this.manifest?.came ?? []);
  }

  async #takeCame(rows) {
    this.came = new Map();
    for (const row of rows) this.#mark(row, "sent", row.attendance_id);
    for (const event of await this.store.waiting()) {
      if (event.meeting_id === this.meeting?.id) this.#markEvent(event, "saved");
    }
    this.#draw();
  }

  #mark({ household_id: household, resident_id: resident, guest_id: guest }, state, attendanceId) {
    for (const [kind, id] of Object.entries({ household, resident, guest })) {
      if (id) this.came.set(`${kind}:${id}`, { state, attendanceId });
    }
  }

  #markEvent(event, state) {
    this.#mark({ household_id: event.household_id, guest_id: event.guest_id }, state);
    for (const id of event.resident_ids ?? []) {
      const household = this.manifest?.households.find((entry) => entry.members.some((member) => member.resident_id === id));
      this.#mark({ resident_id: id, household_id: household?.household_id }, state);
    }
  }

  async #refresh() {
    if (this.waiting) await this.sync.flush();
    if (!this.meeting || document.hidden) return;
    try {
      const counts = await this.call(`/meetings/${this.meeting.id}/counts`);
      this.counts = counts;
      this.sync.online = true;
      await this.#takeCame(counts.came_rows);
    } catch (error) {
      if (!error.status) this.sync.online = false;
    }
    this.#drawHead();
  }

  #changed(waiting) {
    this.waiting = waiting;
    if (this.sync.refused) this.remark = this.screen.text("unpaired");
    this.#drawHead();
  }

  // --- what was done at the door ----------------------------------------------------------------

  event(what) {
    return {
      event_id: newId(),
      meeting_id: this.meeting.id,
      scanned_at: new Date().toISOString(),
      offline: false,
      ...what,
    };
  }

  async #record(what, { quietWhenOk = false } = {}) {
    const event = this.event(what);
    this.#markEvent(event, "saved");
    this.#draw();
    const result = await this.sync.submit(event, PATIENCE_MS);
    await this.#tellResult(event, result, quietWhenOk);
    await this.#afterwards();
    return result;
  }

  async #tellResult(event, result, quietWhenOk) {
    if (quietWhenOk && (result === null || result.status === "ok")) this.screen.say(this.#nameOf(event));
    else if (result === null) await this.#judgeHere(event);
    else this.#showResult(event, result);
  }

  /* Without the commune's answer the person is let in; the list says the name where it knows the code. */
  async #judgeHere(event) {
    const entry = event.code && (await this.#entryOfCode(event.code));
    const before = entry && this.#stateOf(entry);
    if (entry) this.#mark({ household_id: entry.household_id, guest_id: entry.guest_id }, "saved");
    this.#draw();
    this.screen.answer({
      status: before ? "already" : "ok",
      name: entry ? entry.name : this.#nameOf(event),
      more: event.code && !entry ? this.screen.text("checkedLater") : "",
      saved: true,
      letIn: before ? () => this.#letIn(entry) : null,
    });
  }

  async #entryOfCode(typed) {
    const code = normaliseCode(typed);
    const digest = code && this.manifest && (await digestOf(this.manifest.salt, code, window.crypto?.subtle));
    return digest ? this.#entries().find((entry) => entry.code_hash === digest) : undefined;
  }

  #showResult(event, result) {
    const { status } = result;
    const first = status === "already" ? result.people.find((person) => person.first_scanned_at) : undefined;
    const household = this.#household(result.household_id) ?? (result.household_id && this.#unlisted(result));
    // a phone that may only hand in has written the name already
    const written = status === "held" && !event.code;
    this.screen.answer({
      status,
      word: first && this.screen.text("alreadyAt", { time: this.screen.time(first.first_scanned_at) }),
      name: result.people.map((person) => person.name).join(", ") || result.household || (written ? this.#nameOf(event) : ""),
      more: [
        status === "invalid" ? "" : result.hint,
        first?.device && this.screen.text("firstBy", { device: first.device }),
        this.screen.text(`${status}More`),
      ].filter(Boolean).join(" "),
      letIn: status === "ok" || written ? null : () => this.#letIn(household),
      members: status === "ok" && household?.members?.length > 1 ? () => this.#openSheet(household) : null,
    });
  }

  /* A household of the commune that this meeting's list does not have: nobody is turned away. */
  #unlisted({ household_id, household }) {
    return { household_id, name: household, members: [] };
  }

  #letIn(household) {
    if (household?.household_id) this.#openSheet(household, true);
    else this.#go("walk-in");
  }

  /* Whom an event is about, as far as this phone knows. */
  #nameOf(event) {
    if (event.walk_in) return event.walk_in.name;
    if (event.code) return spellCode(event.code);
    const people = this.#entries().flatMap((entry) => entry.members ?? []).filter((person) => event.resident_ids?.includes(person.resident_id));
    const entry = this.#entries().find((one) => (event.household_id ? one.household_id === event.household_id : event.guest_id && one.guest_id === event.guest_id));
    return event.proxy_name || people.map((person) => person.name).join(", ") || entry?.name || "";
  }

  #entries() {
    return this.manifest ? [...this.manifest.households, ...this.manifest.guests] : [];
  }

  async #afterwards() {
    try {
      await this.#refresh();
    } finally {
      this.#draw();
    }
  }

  #household(id) {
    return this.manifest?.households.find((entry) => entry.household_id === id);
  }

  // --- the sheet of one household ------------------------------------------------------------------

  #openSheet(household, letIn = false) {
    const { parts } = this.screen;
    parts["sheet-title"].textContent = household.name;
    parts["sheet-hint"].hidden = !household.members.length;
    const several = household.members.map((member) =>
      this.screen.member(member.name, member.resident_id, this.came.has(`resident:${member.resident_id}`)),
    );
    const unnamed = this.came.get(`household:${household.household_id}`);
    parts.members.replaceChildren(...several);
    this.root.querySelector("#proxy-name").value = "";
    this.root.querySelector("#proxy-relation").value = "";
    parts["sheet-undo"].hidden = letIn || !unnamed?.attendanceId;
    parts["sheet-undo"].onclick = () => this.#undo(household, unnamed.attendanceId);
    parts.sheet.returnValue = "close";
    parts.sheet.onclose = () => {
      if (parts.sheet.returnValue === "save") this.#saveSheet(household, letIn);
    };
    parts.sheet.showModal();
  }

  #saveSheet(household, letIn) {
    const proxy = this.root.querySelector("#proxy-name").value.trim();
    const relation = this.root.querySelector("#proxy-relation").value.trim();
    const ticked = [...this.screen.parts.members.querySelectorAll("input:checked:not(:disabled)")].map((box) => Number(box.value));
    const who = ticked.length && !proxy ? { resident_ids: ticked } : { household_id: household.household_id };
    this.#record({ ...who, proxy_name: proxy, relation, method: "list", let_in: letIn }, { quietWhenOk: !letIn });
  }

  async #undo(household, attendanceId) {
    this.screen.parts.sheet.close("close");
    if (!window.confirm(this.screen.text("undoAsk", { name: household.name }))) return;
    try {
      await this.call(`/meetings/${this.meeting.id}/attendances/${attendanceId}/undo`, {});
    } catch (error) {
      if (!error.status) this.sync.online = false;
    }
    await this.#afterwards();
  }

  // --- views ------------------------------------------------------------------------------------

  #go(view) {
    if (view !== "choose" && !this.meeting) view = "choose";
    this.view = view;
    this.screen.show(view);
    this.#draw();
    if (view === "scan") this.#startCamera();
    else this.camera?.stop();
    if (view === "walk-in") this.root.querySelector("#walk-in-name").focus();
    if (view === "find") this.root.querySelector("#find-name").focus();
  }

  async #startCamera() {
    const trouble = !window.isSecureContext || !navigator.mediaDevices ? "insecure" : this.root.dataset.reader ? "" : "noReader";
    this.screen.camera(trouble);
    if (trouble) {
      this.root.querySelector("#typed-code").focus();
      return;
    }
    try {
      this.reader ??= openReader(this.root.dataset.reader);
      const read = await this.reader;
      this.camera ??= new Camera({ video: this.screen.parts.video, read, found: (text) => this.#scanned(text) });
      if (this.view === "scan") await this.camera.start();
    } catch (error) {
      console.error("the camera did not start", error);
      this.reader = this.camera ? this.reader : undefined;
      this.camera?.stop();
      this.screen.camera(this.camera ? (CAMERA_TROUBLES[error.name] ?? "cameraBusy") : "readerFailed", { again: true });
    }
  }

  #scanned(text) {
    if (this.screen.parts.sheet.open) return;
    this.#record({ code: text.slice(0, 300), method: "camera" });
  }

  #draw() {
    this.#drawHead();
    if (this.view === "list") this.#drawList();
  }

  #drawHead() {
    const entries = this.#entries();
    const invited = this.counts?.invited ?? (this.manifest ? entries.length : null);
    const came = entries.filter((entry) => this.#stateOf(entry)).length;
    this.screen.head({
      title: this.meeting?.title ?? this.screen.text("door"),
      when: this.screen.moment(this.meeting?.starts_at),
      counter: invited === null ? "" : `${came}/${invited}`,
    });
    this.screen.line(this.sync?.online ?? true, this.waiting, this.remark);
  }

  #stateOf(entry) {
    return this.came.get(this.#keyOf(entry))?.state;
  }

  #keyOf(entry) {
    return entry.guest_id ? `guest:${entry.guest_id}` : `household:${entry.household_id}`;
  }

  #drawList() {
    const query = this.root.querySelector("#narrow").value;
    const rows = [];
    let group = null;
    for (const entry of this.#entries()) {
      const words = fold([entry.name, ...(entry.members ?? []).map((member) => member.name)].join(" "));
      if (query && !matches(words, query)) continue;
      const label = entry.guest_id ? this.screen.text("guests") : entry.hamlet;
      if (label !== group) rows.push(this.screen.heading(label));
      group = label;
      rows.push(this.#rowOf(entry));
    }
    this.screen.fill(this.screen.parts.households, rows);
    this.screen.parts["list-hint"].textContent = rows.length || !this.manifest ? "" : this.screen.text(query ? "noneFound" : "noneInvited");
    this.screen.parts["list-walk-in"].hidden = Boolean(rows.length);
  }

  #rowOf(entry) {
    const state = this.#stateOf(entry);
    const open = entry.guest_id ? undefined : () => this.#openSheet(entry);
    const tick = () => {
      if (this.#stateOf(entry)) open?.();
      else if (entry.guest_id) this.#record({ guest_id: entry.guest_id, method: "list" }, { quietWhenOk: true });
      else if (entry.named.length > 1) this.#openSheet(entry);
      else if (entry.named.length === 1) this.#record({ resident_ids: entry.named, method: "list" }, { quietWhenOk: true });
      else this.#record({ household_id: entry.household_id, method: "list" }, { quietWhenOk: true });
    };
    const others = (entry.members ?? []).length;
    const note = entry.guest_id ? entry.note : others > 1 ? entry.members.slice(1, 4).map((member) => member.name).join(", ") : "";
    return this.screen.row({ key: this.#keyOf(entry), name: entry.name, note, state, tick, open });
  }

  async #find(typed) {
    const { parts } = this.screen;
    const letters = typed.replace(/\s/g, "").length;
    parts["find-hint"].textContent = letters < 2 ? this.screen.text("searchMore") : "";
    parts["find-walk-in"].hidden = true;
    if (letters < 2) {
      parts.found.replaceChildren();
      return;
    }
    let people;
    try {
      people = (await this.call(`/meetings/${this.meeting.id}/people?q=${encodeURIComponent(typed)}`)).people;
    } catch {
      people = this.#findHere(typed);
      parts["find-hint"].textContent = this.screen.text("searchOffline");
    }
    if (this.root.querySelector("#find-name").value.trim() !== typed) return;
    if (!people.length) parts["find-hint"].textContent = this.screen.text("noneFound");
    parts["find-walk-in"].hidden = people.length > 0;
    this.screen.fill(parts.found, people.map((person) => this.#rowOfPerson(person, typed)));
  }

  #findHere(typed) {
    return (this.manifest?.households ?? []).flatMap((household) =>
      household.members
        .filter((member) => matches(fold(member.name), typed))
        .map((member) => ({ ...member, household_id: household.household_id, household: household.name, hamlet: household.hamlet })),
    );
  }

  #rowOfPerson(person, typed) {
    const tick = async () => {
      if (this.came.has(`resident:${person.resident_id}`)) return;
      await this.#record({ resident_ids: [person.resident_id], method: "search" });
      await this.#find(typed);
    };
    const note = [person.household === person.name ? "" : person.household, person.hamlet].filter(Boolean).join(" · ");
    return this.screen.row({ key: `resident:${person.resident_id}`, name: person.name, note, state: this.came.get(`resident:${person.resident_id}`)?.state, tick });
  }

  // --- hands ------------------------------------------------------------------------------------

  #listen() {
    const { parts } = this.screen;
    this.root.addEventListener("pointerdown", () => this.screen.wakeSound(), { passive: true });
    for (const button of this.root.querySelectorAll("[data-go]")) button.addEventListener("click", () => this.#go(button.dataset.go));
    for (const [button, input] of [["list-walk-in", "#narrow"], ["find-walk-in", "#find-name"]]) {
      parts[button].addEventListener("click", () => {
        this.root.querySelector("#walk-in-name").value = this.root.querySelector(input).value.trim();
        this.#go("walk-in");
      });
    }
    parts["camera-again"].addEventListener("click", () => this.#startCamera());
    parts.mute.addEventListener("click", () => {
      this.screen.muted = !this.screen.muted;
      parts.mute.setAttribute("aria-pressed", String(this.screen.muted));
    });
    this.#onSubmit(parts["pair-form"], async (form) => {
      const input = form.querySelector("input");
      const paired = await this.#pair(input.value);
      if (paired) input.value = "";
      await this.#pairAgain(paired);
    });
    this.#onSubmit(parts["code-form"], (form) => {
      const input = form.querySelector("input");
      const code = input.value.trim();
      input.value = "";
      if (code) this.#record({ code, method: "typed" });
    });
    this.#onSubmit(parts["walk-in-form"], (form) => {
      const values = new FormData(form);
      const name = values.get("name").trim();
      if (!name) return;
      const walkIn = { name, gender: values.get("gender") };
      if (values.get("hamlet")) walkIn.hamlet_id = Number(values.get("hamlet"));
      form.elements.name.value = "";
      this.#record({ walk_in: walkIn, method: "walk_in", let_in: true });
    });
    this.root.querySelector("#narrow").addEventListener("input", () => this.#drawList());
    const find = this.root.querySelector("#find-name");
    let pause;
    find.addEventListener("input", () => {
      clearTimeout(pause);
      pause = setTimeout(() => this.#find(find.value.trim()), 200);
    });
    window.addEventListener("hashchange", async () => {
      // a new link opened where the scanner is open already
      if (location.hash.startsWith("#pair=")) await this.#pairAgain(await this.#pairByLink());
    });
    window.addEventListener("online", () => this.#refresh());
    window.addEventListener("offline", () => {
      this.sync.online = false;
      this.#drawHead();
    });
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden) this.#refresh();
    });
  }

  #onSubmit(form, act) {
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      act(form);
    });
  }
}

/* An id for one event; randomUUID exists only where the address is secure. */
function newId() {
  if (crypto.randomUUID) return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
