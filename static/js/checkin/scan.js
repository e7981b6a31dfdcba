/* The view of the camera: light, zoom, choice of camera, what keeps it shut, and a code typed instead. */

import { Camera } from "./camera.js";
import { openReader } from "./decode.js";

const TROUBLES = { NotAllowedError: "noCamera", NotFoundError: "cameraMissing", OverconstrainedError: "cameraMissing" };

export class ScanView {
  constructor(scanner) {
    this.scanner = scanner;
    this.screen = scanner.screen;
    this.store = scanner.store;
    this.camera = null;
    this.wakeLock = null;
    const { parts } = this.screen;
    parts["camera-again"].addEventListener("click", () => this.start());
    parts.torch.addEventListener("click", () => this.#light(parts.torch.getAttribute("aria-pressed") !== "true"));
    parts.zoom.addEventListener("input", () => this.#zoom(Number(parts.zoom.value)));
    parts["camera-choice"].addEventListener("change", () => this.#choose(parts["camera-choice"].value));
    parts["code-form"].addEventListener("submit", (event) => {
      event.preventDefault();
      const input = this.screen.field("typed-code");
      const code = input.value.trim();
      input.value = "";
      if (code) scanner.recordCode(code, "typed");
    });
    document.addEventListener("visibilitychange", () => this.#seenAgain());
  }

  async start() {
    const reader = this.screen.texts.reader;
    const trouble = !window.isSecureContext || !navigator.mediaDevices ? "insecure" : reader ? "" : "noReader";
    this.#show(trouble);
    if (trouble) {
      this.screen.field("typed-code").focus();
      return;
    }
    if (this.camera?.running) return;
    try {
      this.reader ??= openReader(reader);
      const read = await this.reader;
      this.camera ??= new Camera({
        video: this.screen.parts.video,
        read,
        found: (text) => this.#found(text),
        opened: (track) => this.#opened(track),
        lost: (error) => (error ? this.#failed(error) : this.screen.write("camera-hint", this.screen.text("cameraLost"))),
      });
      if (this.scanner.view !== "scan") return;
      await this.camera.start(await this.store.kept("camera"));
      this.#keepAwake();
    } catch (error) {
      this.#failed(error);
    }
  }

  stop() {
    this.camera?.stop();
    this.wakeLock?.release().catch(() => {});
    this.wakeLock = null;
  }

  #failed(error) {
    console.error("the camera did not start", error);
    if (!this.camera) this.reader = undefined;
    this.stop();
    this.#show(this.camera ? (TROUBLES[error.name] ?? "cameraBusy") : "readerFailed", true);
  }

  #show(trouble, again = false) {
    this.screen.parts.camera.hidden = Boolean(trouble);
    this.screen.write("camera-hint", this.screen.text(trouble || "aim"));
    this.screen.parts["camera-again"].hidden = !again;
    if (trouble) this.screen.parts["camera-tools"].hidden = true;
  }

  #found(text) {
    if (!this.scanner.sheet.isOpen && !this.screen.parts.undo.open) this.scanner.recordCode(text.slice(0, 300), "camera");
  }

  /* What this camera can do: light, zoom, and whether there is another one. */
  async #opened(track) {
    const { parts } = this.screen;
    this.#show("");
    const offers = track.getCapabilities?.() ?? {};
    parts.torch.hidden = !offers.torch;
    parts.torch.setAttribute("aria-pressed", "false");
    parts["zoom-row"].hidden = !(offers.zoom?.max > offers.zoom?.min);
    if (!parts["zoom-row"].hidden) {
      Object.assign(parts.zoom, { min: offers.zoom.min, max: offers.zoom.max, step: offers.zoom.step || 0.1 });
      const kept = Math.min(Math.max((await this.store.kept("zoom")) ?? offers.zoom.min, offers.zoom.min), offers.zoom.max);
      parts.zoom.value = kept;
      if (kept !== offers.zoom.min) await this.#constrain({ zoom: kept });
    }
    const cameras = (await navigator.mediaDevices.enumerateDevices()).filter((device) => device.kind === "videoinput");
    parts["camera-choice-row"].hidden = cameras.length < 2;
    parts["camera-choice"].replaceChildren(...cameras.map((device, place) => new Option(device.label || `${place + 1}`, device.deviceId)));
    parts["camera-choice"].value = track.getSettings().deviceId ?? "";
    parts["camera-tools"].hidden = parts.torch.hidden && parts["zoom-row"].hidden && parts["camera-choice-row"].hidden;
  }

  async #constrain(wish) {
    try {
      await this.camera.track?.applyConstraints({ advanced: [wish] });
      return true;
    } catch {
      return false;
    }
  }

  async #light(on) {
    if (await this.#constrain({ torch: on })) this.screen.parts.torch.setAttribute("aria-pressed", String(on));
  }

  async #zoom(value) {
    await this.#constrain({ zoom: value });
    await this.store.keep("zoom", value);
  }

  async #choose(deviceId) {
    await this.store.keep("camera", deviceId);
    try {
      await this.camera.start(deviceId);
    } catch (error) {
      this.#failed(error);
    }
  }

  /* The screen stays lit while the camera looks. The lock goes whenever the page is hidden. */
  async #keepAwake() {
    try {
      this.wakeLock = (await navigator.wakeLock?.request("screen")) ?? null;
    } catch {
      this.wakeLock = null;
    }
  }

  #seenAgain() {
    if (document.hidden || this.scanner.view !== "scan") return;
    if (this.camera?.running) this.#keepAwake();
    if (this.camera && (!this.camera.track || this.camera.track.readyState === "ended")) this.start();
  }
}
