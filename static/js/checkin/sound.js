/* What is heard and felt. Browsers allow sound after the first touch only. */

export class Sound {
  constructor({ muted = false } = {}) {
    this.muted = muted;
    this.context = null;
  }

  wake() {
    const Context = window.AudioContext ?? window.webkitAudioContext;
    if (!this.context && Context) this.context = new Context();
    this.context?.resume?.();
  }

  tell(status) {
    if (this.muted) return;
    navigator.vibrate?.(status === "ok" ? 80 : [140, 80, 140]);
    if (this.context?.state !== "running") return;
    const tones = status === "ok" ? [880, 1175] : status === "already" ? [660, 660] : [330, 247];
    tones.forEach((pitch, place) => {
      const tone = this.context.createOscillator();
      const volume = this.context.createGain();
      const start = this.context.currentTime + place * 0.14;
      tone.frequency.value = pitch;
      volume.gain.setValueAtTime(0.25, start);
      volume.gain.exponentialRampToValueAtTime(0.001, start + 0.12);
      tone.connect(volume).connect(this.context.destination);
      tone.start(start);
      tone.stop(start + 0.13);
    });
  }
}
