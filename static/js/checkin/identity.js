/* In whose name an event goes out: the pairing, or the person signed in, under which it was made. A phone that was paired
   anew still hands in what it made before under the old token; one officer's events are not sent as another's. */

const SESSION = "session:";

export function sessionPairing(who) {
  return { id: SESSION + who };
}

export function isSession(pairing) {
  return pairing.id.startsWith(SESSION);
}

/* What to call the commune with for the events of this pairing; null: not now. */
export async function identify(id, store, commune) {
  const pairings = await store.pairings();
  if (!id) return pairings[0] ?? (await identify(SESSION + (await commune.session())?.who, store, commune));
  if (!id.startsWith(SESSION)) return pairings.find((pairing) => pairing.id === id) ?? null;
  return (await commune.session())?.who === id.slice(SESSION.length) ? { id } : null;
}
