/* Pairs this phone by the code of a QR or a link, ends a pairing that the commune no longer knows, and says beforehand
   where the phone's browser cannot keep anything. */

import { newId, newKey } from "./events.js";

const TRY = "pairing-try";
const IN_APP = /Zalo|FBAN|FBAV|FB_IAB|Messenger|Instagram|\bLine\/|MicroMessenger|TikTok|musical_ly|; wv\)/i;
/* What is about the people of a meeting: goes with the pairing. */
const PERSONAL = /^(manifest:|came:|written:|meetings$|meeting$)/;

export class Pairing {
  constructor({ store, commune }) {
    Object.assign(this, { store, commune });
  }

  /* The pairing in use, or null. A phone paired by an earlier version kept its token alone. */
  async current() {
    const [id, old, all] = await Promise.all([this.store.kept("pairing"), this.store.kept("token"), this.store.pairings()]);
    if (old && !all.length) {
      const pairing = { id: newId(), token: old };
      await this.store.keepPairing(pairing, { pairing: pairing.id });
      await this.store.forget("token");
      return pairing;
    }
    return all.find((pairing) => pairing.id === id) ?? null;
  }

  /* "paired", "refused", or "later" where the commune was not reached. The key is made and kept before it is sent: when
     the reply is lost the same code and key are simply sent again. */
  async redeem(code) {
    const before = await this.store.kept(TRY);
    const ours = before?.code === code ? before : { code, key: newKey() };
    await this.store.keep(TRY, ours);
    let told;
    try {
      told = await this.commune.call("/devices", { body: { code: ours.code, key: ours.key } });
    } catch (error) {
      if (!error.status || error.status >= 500 || error.status === 429) return "later";
      await this.store.forget(TRY);
      return "refused";
    }
    await this.wipe();
    const pairing = { id: newId(), token: told.token, label: told.label, expires_at: told.expires_at };
    await this.store.keepPairing(pairing, { pairing: pairing.id, meetings: told.meetings });
    await this.store.forget(TRY);
    return "paired";
  }

  async unfinished() {
    return (await this.store.kept(TRY))?.code ?? null;
  }

  /* The names go; what was not sent stays, with the token to hand it in. */
  async end(pairing) {
    await this.store.keepPairing({ ...pairing, ended: true });
    await this.wipe();
  }

  wipe() {
    return this.store.wipe((name) => PERSONAL.test(name));
  }

  /* Pairings that are neither in use nor needed to hand something in. */
  async tidy(current) {
    const needed = new Set((await this.store.waiting()).map((event) => event.pairing));
    for (const pairing of await this.store.pairings()) {
      if (pairing.id !== current?.id && !needed.has(pairing.id)) await this.store.forgetPairing(pairing.id);
    }
  }
}

/* Whether this browser is one built into another app, or keeps nothing: the code would be spent in vain. */
export function isUnfit({ userAgent, lasting, secure, worker }) {
  return IN_APP.test(userAgent) || !lasting || (secure && !worker);
}

/* Opens the same link in Chrome on an Android phone. */
export function chromeLink(href) {
  const url = new URL(href);
  const place = href.slice(url.protocol.length + 2);
  return `intent://${place}#Intent;scheme=${url.protocol.slice(0, -1)};package=com.android.chrome;end`;
}
