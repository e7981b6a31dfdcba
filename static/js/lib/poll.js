/* Keeps a part of the page fresh: every data-seconds it asks data-url for the same part rendered alone, and puts it in its place.
   It ends when the part comes without data-module. A hidden page does not ask; a failed try waits longer. */

import { startModules } from "../main.js";

export function start(element) {
  const seconds = Number(element.dataset.seconds ?? 2);
  let wait = seconds;

  async function ask() {
    if (!element.isConnected) return;
    if (document.hidden) {
      document.addEventListener("visibilitychange", ask, { once: true });
      return;
    }
    if (element.querySelector("details[open]")) {
      // somebody is writing in it: replacing it now would take that away
      setTimeout(ask, seconds * 1000);
      return;
    }
    try {
      const response = await fetch(element.dataset.url, { headers: { "X-Requested-With": "fetch" } });
      if (!response.ok) throw new Error(String(response.status));
      const holder = document.createElement("template");
      holder.innerHTML = (await response.text()).trim();
      const fresh = holder.content.firstElementChild;
      if (!fresh) return;
      element.replaceWith(fresh);
      startModules(fresh);
    } catch {
      wait = Math.min(wait * 2, 30);
      setTimeout(ask, wait * 1000);
    }
  }

  setTimeout(ask, seconds * 1000);
}
