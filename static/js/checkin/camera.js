/* The camera: shows its picture, hands frames to the reader, and tells a code once until it has left the view. */

const EVERY_MS = 90;
const GONE_AFTER_MS = 900;
const GONE_AFTER_FRAMES = 6; // a slow phone reads few in that time, and may miss the code in some
const AGAIN_AFTER_MS = 1200;

export class Camera {
  /* `lost`: the picture stopped by itself, and another try follows. `opened(track)`: it is there (again). */
  constructor({ video, read, found, opened = () => {}, lost = () => {} }) {
    Object.assign(this, { video, read, found, opened, lost });
    this.canvas = document.createElement("canvas");
    this.stream = null;
    this.turn = 0; // grows with every start and stop: a loop of an earlier turn ends by itself
    this.seen = new Map(); // code → when, and in which frame, it was last in view: two codes taking turns stay two
    this.frame = 0;
  }

  get running() {
    return this.track?.readyState === "live";
  }

  get track() {
    return this.stream?.getVideoTracks()[0] ?? null;
  }

  async start(deviceId) {
    this.stop();
    const turn = this.turn;
    const which = deviceId ? { deviceId: { ideal: deviceId } } : { facingMode: { ideal: "environment" } };
    const stream = await navigator.mediaDevices.getUserMedia({
      audio: false,
      video: { ...which, width: { ideal: 1280 }, height: { ideal: 720 } },
    });
    if (turn !== this.turn) {
      for (const track of stream.getTracks()) track.stop();
      return;
    }
    this.stream = stream;
    this.deviceId = deviceId;
    this.track.addEventListener("ended", () => this.#startAgain(turn));
    this.video.srcObject = stream;
    await this.video.play();
    this.opened(this.track);
    this.#look(turn);
  }

  stop() {
    this.turn += 1;
    for (const track of this.stream?.getTracks() ?? []) track.stop();
    this.stream = null;
    this.video.srcObject = null;
  }

  /* The phone took the camera away: a call came, or it slept. */
  async #startAgain(turn) {
    if (turn !== this.turn) return;
    this.lost();
    const { deviceId } = this;
    this.stop();
    const waiting = this.turn;
    await pause(AGAIN_AFTER_MS);
    if (waiting !== this.turn) return;
    try {
      await this.start(deviceId);
    } catch (error) {
      this.lost(error);
    }
  }

  async #look(turn) {
    while (turn === this.turn) {
      const text = await this.#readFrame();
      if (turn !== this.turn) return;
      const now = performance.now();
      this.frame += 1;
      for (const [code, last] of this.seen) {
        if (now - last.at > GONE_AFTER_MS && this.frame - last.frame >= GONE_AFTER_FRAMES) this.seen.delete(code);
      }
      if (text) {
        const isNew = !this.seen.has(text);
        this.seen.set(text, { at: now, frame: this.frame });
        if (isNew) this.found(text);
      }
      await pause(EVERY_MS);
    }
  }

  async #readFrame() {
    const { videoWidth: width, videoHeight: height } = this.video;
    if (!width || document.hidden) return null;
    if (this.canvas.width !== width || this.canvas.height !== height) Object.assign(this.canvas, { width, height });
    const drawing = this.canvas.getContext("2d", { willReadFrequently: true });
    drawing.drawImage(this.video, 0, 0, width, height);
    try {
      return await this.read(drawing.getImageData(0, 0, width, height));
    } catch (error) {
      console.error("a frame could not be read", error);
      return null;
    }
  }
}

function pause(milliseconds) {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
