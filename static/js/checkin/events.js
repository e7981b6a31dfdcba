/* Ids and keys made on the phone before anything is sent. */

/* An id for one event; randomUUID exists only where the address is secure. */
export function newId() {
  return crypto.randomUUID?.() ?? hex(16);
}

/* A key that becomes the phone's token: 256 bits. */
export function newKey() {
  return hex(32);
}

function hex(bytes) {
  return [...crypto.getRandomValues(new Uint8Array(bytes))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
