/* The app on the phone: its service worker, whether everything is kept, whether the browser promises to keep it, and how
   it is put on the home screen. */

import { HAND_IN } from "./worker.js";

const TAKE_OVER_MS = 3000;
const TRIES = 3;
const BETWEEN_MS = 200;

export class Shell {
  constructor({ container, storage, address, handedIn = () => {} }) {
    Object.assign(this, { container, storage, address });
    this.registered = null;
    this.persisted = null;
    container?.addEventListener("message", (event) => {
      if (event.data === "handed-in") handedIn();
    });
  }

  /* A version that waited is taken now, at the start, before anybody does anything. Resolves false if the page reloads. */
  async begin() {
    if (!this.container) return true;
    const registration = await this.container.getRegistration(this.address);
    if (registration?.waiting && this.container.controller && (await this.#takeOver(registration.waiting))) return false;
    this.registered = this.container.register(this.address, { type: "module", updateViaCache: "none" }).catch((error) => {
      console.error("the scanner cannot be kept on this device", error);
      return registration ?? null;
    });
    return true;
  }

  async #takeOver(worker) {
    const changed = new Promise((resolve) => {
      this.container.addEventListener("controllerchange", () => resolve(true), { once: true });
      setTimeout(() => resolve(false), TAKE_OVER_MS);
    });
    // a page that was just left counts as a window for a moment more
    for (let tries = 0; tries < TRIES; tries += 1) {
      if (await ask(worker, "take-over")) {
        if (!(await changed)) return false;
        location.reload();
        return true;
      }
      await new Promise((resolve) => setTimeout(resolve, BETWEEN_MS));
    }
    return false;
  }

  /* Whether the phone has every file of the scanner. */
  async isComplete() {
    if (!(await this.registered)) return false;
    const registration = await this.container.ready;
    return ask(registration.active, "complete?");
  }

  /* Ask the browser not to clear what is kept when its disk fills up. */
  async persist() {
    try {
      this.persisted = (await this.storage?.persisted?.()) || ((await this.storage?.persist?.()) ?? false);
    } catch {
      this.persisted = false;
    }
    return this.persisted;
  }

  /* The browser sends what waits when the network returns, even if the page is shut by then. */
  async sendLater() {
    try {
      await (await this.registered)?.sync?.register(HAND_IN);
    } catch {
      // not allowed here: the page sends when it is opened
    }
  }
}

function ask(worker, question) {
  return new Promise((resolve) => {
    const channel = new MessageChannel();
    channel.port1.onmessage = (event) => resolve(event.data);
    worker.postMessage(question, [channel.port2]);
  });
}
