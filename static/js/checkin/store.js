/* What the phone keeps: events that the commune has not acknowledged, pairings, lists, answers an officer is to see.
   IndexedDB; where that is shut (some private windows) memory serves, and `lasting` is false. */

const NAME = "eventmgr-checkin";
const KEYS = { outbox: "event_id", done: "event_id", review: "event_id", pairings: "id", kept: null };

export async function openStore(indexedDB) {
  try {
    const database = await new Promise((resolve, reject) => {
      const request = indexedDB.open(NAME, 2);
      request.onupgradeneeded = () => {
        for (const [store, key] of Object.entries(KEYS)) {
          if (request.result.objectStoreNames.contains(store)) continue;
          request.result.createObjectStore(store, key ? { keyPath: key } : {});
        }
      };
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });
    // another window brings a newer version: it must not wait for this one
    database.onversionchange = () => database.close();
    return new Store(new Rooms(database), true);
  } catch {
    return new Store(new RoomsInMemory(), false);
  }
}

export class Store {
  constructor(rooms, lasting) {
    this.rooms = rooms;
    this.lasting = lasting;
  }

  /* The event is on disk when this resolves. */
  put(event) {
    return this.rooms.change(["outbox"], (room) => room("outbox").put(event));
  }

  async waiting() {
    return inOrder(await this.rooms.all("outbox"));
  }

  /* What the commune took lately: its own list on this phone does not show it yet. */
  async done() {
    return inOrder(await this.rooms.all("done"));
  }

  /* What the commune acknowledged goes, what came of it and what an officer is to see stays, what it could not read is
     set aside: all at once. */
  settle({ taken = [], done = [], review = [], odd = [] }) {
    return this.rooms.change(["outbox", "done", "review"], (room) => {
      for (const id of taken) room("outbox").delete(id);
      for (const event of done) room("done").put(event);
      for (const entry of review) room("review").put(entry);
      for (const event of odd) room("outbox").put({ ...event, odd: true });
    });
  }

  /* The commune's own list now shows these. */
  keepCame(meetingId, rows, shown) {
    return this.rooms.change(["kept", "done"], (room) => {
      room("kept").put(rows, `came:${meetingId}`);
      for (const id of shown) room("done").delete(id);
    });
  }

  /* All that is about people, but for what waits and what an officer is to see. */
  async wipe(isPersonal) {
    const names = (await this.names()).filter(isPersonal);
    const ids = (await this.done()).map((event) => event.event_id);
    await this.rooms.change(["kept", "done"], (room) => {
      for (const name of names) room("kept").delete(name);
      for (const id of ids) room("done").delete(id);
    });
  }

  review() {
    return this.rooms.all("review");
  }

  dismiss(eventId) {
    return this.rooms.change(["review"], (room) => room("review").delete(eventId));
  }

  pairings() {
    return this.rooms.all("pairings");
  }

  /* A pairing and what is kept beside it, together or not at all. */
  keepPairing(pairing, kept = {}) {
    return this.rooms.change(["pairings", "kept"], (room) => {
      room("pairings").put(pairing);
      for (const [name, value] of Object.entries(kept)) room("kept").put(value, name);
    });
  }

  forgetPairing(id) {
    return this.rooms.change(["pairings"], (room) => room("pairings").delete(id));
  }

  keep(name, value) {
    return this.rooms.change(["kept"], (room) => room("kept").put(value, name));
  }

  kept(name) {
    return this.rooms.one("kept", name);
  }

  names() {
    return this.rooms.keys("kept");
  }

  forget(...names) {
    return this.rooms.change(["kept"], (room) => names.forEach((name) => room("kept").delete(name)));
  }
}

/* Oldest first, by the order in which they were made: a phone's clock may jump. */
function inOrder(events) {
  return events.sort((a, b) => (a.order ?? 0) - (b.order ?? 0) || String(a.scanned_at).localeCompare(String(b.scanned_at)));
}

class Rooms {
  constructor(database) {
    this.database = database;
  }

  change(names, act) {
    return new Promise((resolve, reject) => {
      // strict: an event shown as saved must survive the battery falling out
      const transaction = this.database.transaction(names, "readwrite", { durability: "strict" });
      act((name) => transaction.objectStore(name));
      transaction.oncomplete = () => resolve();
      transaction.onerror = () => reject(transaction.error);
      transaction.onabort = () => reject(transaction.error);
    });
  }

  #ask(name, question) {
    return new Promise((resolve, reject) => {
      const request = question(this.database.transaction(name).objectStore(name));
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });
  }

  all(name) {
    return this.#ask(name, (room) => room.getAll());
  }

  one(name, key) {
    return this.#ask(name, (room) => room.get(key));
  }

  keys(name) {
    return this.#ask(name, (room) => room.getAllKeys());
  }
}

class RoomsInMemory {
  rooms = Object.fromEntries(Object.keys(KEYS).map((name) => [name, new Map()]));

  async change(_names, act) {
    act((name) => ({
      put: (value, key = value[KEYS[name]]) => this.rooms[name].set(key, value),
      delete: (key) => this.rooms[name].delete(key),
    }));
  }

  async all(name) {
    return [...this.rooms[name].values()];
  }

  async one(name, key) {
    return this.rooms[name].get(key);
  }

  async keys(name) {
    return [...this.rooms[name].keys()];
  }
}
