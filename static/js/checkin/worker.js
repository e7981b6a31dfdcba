/* The service worker: the scanner's page and files from the phone, everything else from the network. A version is kept
   whole or not at all, and the next one waits for the next start. Hands in waiting events when the network returns,
   also when the page is shut. */

import { Commune } from "./commune.js";
import { identify } from "./identity.js";
import { openStore } from "./store.js";
import { Sync } from "./sync.js";

const PREFIX = "eventmgr-checkin-";
export const HAND_IN = "hand-in";

export function serve(worker, { version, files, scanner, session, languages }) {
  const cacheName = PREFIX + version;
  const pages = Object.fromEntries(languages.map((language) => [language, `${scanner}?lang=${language}`]));
  const all = [...Object.values(pages), ...files];

  async function fill(addresses) {
    const cache = await caches.open(cacheName);
    await Promise.all(addresses.map(async (address) => {
      // nobody's page, and never one that an address was led away to
      const response = await fetch(address, { cache: "no-cache", credentials: "omit", redirect: "error" });
      if (!response.ok || response.redirected) throw new Error(`${address} answers ${response.status}`);
      await cache.put(address, response);
    }));
  }

  async function missing() {
    const cache = await caches.open(cacheName);
    const there = new Set((await cache.keys()).map((request) => new URL(request.url)).map((url) => url.pathname + url.search));
    return all.filter((address) => !there.has(address));
  }

  async function fromPhone(address, request) {
    const cache = await caches.open(cacheName);
    // the page is the same for everybody, whatever cookies came with the request
    return (await cache.match(address, { ignoreVary: true })) ?? fetch(request);
  }

  async function page(url, request) {
    const wanted = url.searchParams.get("lang") ?? (await (await openStore(indexedDB)).kept("language"));
    return fromPhone(pages[wanted] ?? pages[languages[0]], request);
  }

  async function handIn() {
    const store = await openStore(indexedDB);
    const language = (await store.kept("language")) ?? languages[0];
    const commune = new Commune({ fetch: (...what) => fetch(...what), origin: worker.location.origin, language, session });
    const sync = new Sync({
      store,
      call: (path, options) => commune.call(path, options),
      identify: (pairing) => identify(pairing, store, commune),
      now: () => new Date().toISOString(),
      locks: worker.navigator.locks,
    });
    await sync.flush();
    for (const client of await worker.clients.matchAll()) client.postMessage("handed-in");
    if (!sync.online) throw new Error("the commune was not reached"); // the browser asks again later
  }

  worker.addEventListener("install", (event) => event.waitUntil(fill(all)));

  worker.addEventListener("activate", (event) => {
    event.waitUntil((async () => {
      const old = (await caches.keys()).filter((name) => name.startsWith(PREFIX) && name !== cacheName);
      await Promise.all(old.map((name) => caches.delete(name)));
      await worker.clients.claim();
    })());
  });

  worker.addEventListener("fetch", (event) => {
    const { request } = event;
    const url = new URL(request.url);
    if (request.method !== "GET" || url.origin !== worker.location.origin) return;
    if (request.mode === "navigate" && url.pathname === scanner) event.respondWith(page(url, request));
    else if (files.includes(url.pathname)) event.respondWith(fromPhone(url.pathname, request));
  });

  worker.addEventListener("message", (event) => {
    const answer = (value) => event.ports[0]?.postMessage(value);
    event.waitUntil((async () => {
      if (event.data === "take-over") {
        // another window may be in the middle of something
        const windows = await worker.clients.matchAll({ type: "window", includeUncontrolled: true });
        if (windows.length < 2) await worker.skipWaiting();
        answer(windows.length < 2);
      }
      if (event.data === "complete?") {
        try {
          await fill(await missing());
          answer(true);
        } catch {
          answer(false);
        }
      }
    })());
  });

  worker.addEventListener("sync", (event) => {
    if (event.tag === HAND_IN) event.waitUntil(handIn());
  });
}
