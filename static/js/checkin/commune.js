/* The commune's server: asks it in the name of a paired phone (its token) or of whoever is signed in (the session). */

const TIMEOUT_MS = 15000;
const CSRF_GOOD_MS = 20 * 60 * 1000;

export class Commune {
  constructor({ fetch, origin, language, api = "/api/v1", session = "/checkin/session" }) {
    this.fetch = fetch;
    this.origin = origin;
    this.language = language;
    this.api = api;
    this.sessionAddress = session;
    this.signedIn = null;
    this.askedAt = -Infinity;
  }

  /* {signed_in, csrf, who, opens}; null where the commune was not reached. */
  async session({ fresh = false } = {}) {
    if (!fresh && this.signedIn && performance.now() - this.askedAt < CSRF_GOOD_MS) return this.signedIn;
    try {
      this.signedIn = await this.#read(this.sessionAddress, { headers: { Accept: "application/json" }, credentials: "same-origin" });
      this.askedAt = performance.now();
    } catch {
      return this.signedIn;
    }
    return this.signedIn;
  }

  /* `as` is a pairing with its token, or one of a session; nothing: nobody. Throws; `status` tells a refusal from silence. */
  async call(path, { as, body } = {}) {
    try {
      return await this.#call(path, as, body);
    } catch (error) {
      // the token of a form grows old while the page stays open
      if (!as || as.token || body === undefined || error.status !== 400 || error.code !== "form_expired") throw error;
      await this.session({ fresh: true });
      return this.#call(path, as, body);
    }
  }

  async #call(path, as, body) {
    const headers = { Accept: "application/json" };
    if (as?.token) headers.Authorization = `Bearer ${as.token}`;
    else if (as && body !== undefined) headers["X-CSRFToken"] = (await this.session())?.csrf ?? "";
    if (body !== undefined) headers["Content-Type"] = "application/json";
    const address = new URL(this.api + path, this.origin);
    address.searchParams.set("lang", this.language); // the token says whose phone, not what it speaks
    return this.#read(address, {
      method: body === undefined ? "GET" : "POST",
      headers,
      body: body === undefined ? undefined : JSON.stringify(body),
      // a token stands alone: a cookie beside it would say somebody else
      credentials: as && !as.token ? "same-origin" : "omit",
    });
  }

  async #read(address, options) {
    const response = await this.fetch(new URL(address, this.origin), { ...options, cache: "no-store", signal: AbortSignal.timeout(TIMEOUT_MS) });
    if (response.ok) return response.json();
    const told = await response.json().catch(() => ({}));
    throw Object.assign(new Error(`status ${response.status}`), { status: response.status, code: told.error });
  }
}
