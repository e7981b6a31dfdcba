/* What the phone keeps: events that the commune has not acknowledged, the pairing, the list of the meeting.
   IndexedDB; where that is shut (some private windows) memory serves, and `lasting` is false. */

const NAME = "eventmgr-checkin";

export async function openStore(indexedDB) {
  try {
    const database = await new Promise((resolve, reject) => {
      const request = indexedDB.open(NAME, 1);
      request.onupgradeneeded = () => {
        request.result.createObjectStore("outbox", { keyPath: "event_id" });
        request.result.createObjectStore("kept");
      };
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });
    return new Store(database);
  } catch {
    return new MemoryStore();
  }
}

class Store {
  lasting = true;

  constructor(database) {
    this.database = database;
  }

  #run(store, mode, act) {
    return new Promise((resolve, reject) => {
      // strict: an event shown as saved must survive the battery falling out
      const transaction = this.database.transaction(store, mode, { durability: mode === "readwrite" ? "strict" : "default" });
      const request = act(transaction.objectStore(store));
      transaction.oncomplete = () => resolve(request.result);
      transaction.onerror = () => reject(transaction.error);
      transaction.onabort = () => reject(transaction.error);
    });
  }

  put(event) {
    return this.#run("outbox", "readwrite", (store) => store.put(event));
  }

  remove(eventId) {
    return this.#run("outbox", "readwrite", (store) => store.delete(eventId));
  }

  waiting() {
    return this.#run("outbox", "readonly", (store) => store.getAll());
  }

  keep(name, value) {
    return this.#run("kept", "readwrite", (store) => store.put(value, name));
  }

  kept(name) {
    return this.#run("kept", "readonly", (store) => store.get(name));
  }

  forget(name) {
    return this.#run("kept", "readwrite", (store) => store.delete(name));
  }
}

class MemoryStore {
  lasting = false;
  outbox = new Map();
  values = new Map();

  async put(event) {
    this.outbox.set(event.event_id, event);
  }

  async remove(eventId) {
    this.outbox.delete(eventId);
  }

  async waiting() {
    return [...this.outbox.values()];
  }

  async keep(name, value) {
    this.values.set(name, value);
  }

  async kept(name) {
    return this.values.get(name);
  }

  async forget(name) {
    this.values.delete(name);
  }
}
