/* Reads a QR in a picture with zxing-wasm, and finds an invitation by the digest of its code. */

export async function openReader(readerUrl) {
  const zxing = await import(readerUrl);
  const folder = readerUrl.slice(0, readerUrl.lastIndexOf("/") + 1);
  // its own default is a server on the internet
  await zxing.prepareZXingModule({ overrides: { locateFile: (file) => folder + file }, fireImmediately: true });
  const options = { formats: ["QRCode"], tryHarder: true, tryInvert: true, maxNumberOfSymbols: 1 };
  return async (picture) => {
    const [found] = await zxing.readBarcodes(picture, options);
    return found?.isValid !== false ? found?.text || null : null;
  };
}

const MISREAD = { O: "0", I: "1", L: "1" };

/* As core/codes.py reads it: case, spaces and dashes do not matter, O is 0, I and L are 1, a link is taken too. */
export function normaliseCode(typed) {
  const link = /\/i\/([^/?#]+)\/?(?:[?#].*)?$/i.exec(typed.trim());
  const code = (link ? link[1] : typed)
    .replace(/[\s\u2010-\u2015._-]+/g, "")
    .toUpperCase()
    .replace(/[OIL]/g, (letter) => MISREAD[letter]);
  return /^[0-9A-HJKMNP-TV-Z]{10}$/.test(code) ? code : null;
}

/* In two groups, as it is printed and spoken; what is no code stays as it was typed. */
export function spellCode(typed) {
  const code = normaliseCode(typed);
  return code ? `${code.slice(0, 5)}-${code.slice(5)}` : typed;
}

/* null where the browser offers no digest (an address without https). */
export async function digestOf(salt, code, subtle) {
  if (!subtle) return null;
  const bytes = await subtle.digest("SHA-256", new TextEncoder().encode(salt + code));
  return [...new Uint8Array(bytes)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
