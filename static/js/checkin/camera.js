/* The camera: shows its picture, hands frames to the reader, and tells a code once until it has left the view. */

const EVERY_MS = 90;
const GONE_AFTER_MS = 900;

export class Camera {
  constructor({ video, read, found }) {
    this.video = video;
    this.read = read;
    this.found = found;
    this.canvas = document.createElement("canvas");
    this.stream = null;
    this.running = false;
  }

  async start() {
    if (this.running) return;
    this.running = true;
    this.stream = await navigator.mediaDevices.getUserMedia({
      audio: false,
      video: { facingMode: { ideal: "environment" }, width: { ideal: 1280 }, height: { ideal: 720 } },
    });
    if (!this.running) {
      this.#release();
      return;
    }
    this.video.srcObject = this.stream;
    await this.video.play();
    this.#look(null, 0);
  }

  stop() {
    this.running = false;
    this.#release();
  }

  #release() {
    for (const track of this.stream?.getTracks() ?? []) track.stop();
    this.stream = null;
    this.video.srcObject = null;
  }

  async #look(last, seenAt) {
    while (this.running) {
      const text = await this.#readFrame();
      const now = performance.now();
      if (text) {
        if (text !== last) this.found(text);
        last = text;
        seenAt = now;
      } else if (last && now - seenAt > GONE_AFTER_MS) {
        last = null;
      }
      await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
    }
  }

  async #readFrame() {
    const { videoWidth: width, videoHeight: height } = this.video;
    if (!width || document.hidden) return null;
    if (this.canvas.width !== width) Object.assign(this.canvas, { width, height });
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
