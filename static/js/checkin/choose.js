/* Before the door: which meeting, pairing this phone, and where it cannot be kept. */

import { chromeLink } from "./pairing.js";

export class ChooseView {
  constructor(scanner) {
    this.scanner = scanner;
    this.screen = scanner.screen;
    this.install = null;
    const { parts } = this.screen;
    parts["pair-form"].addEventListener("submit", async (event) => {
      event.preventDefault();
      const input = this.screen.field("pair-code");
      const code = input.value.trim();
      if (code && (await scanner.pair(code))) input.value = "";
    });
    parts["browser-go-on"].addEventListener("click", () => scanner.goOnHere());
    parts["browser-copy"].addEventListener("click", () => this.#copy());
    parts.install.addEventListener("click", () => this.#install());
    window.addEventListener("beforeinstallprompt", (event) => {
      event.preventDefault();
      this.install = event;
      this.draw();
    });
  }

  draw() {
    const { door, shell } = this.scanner;
    const { meetings } = door;
    this.screen.parts.meetings.replaceChildren(...(meetings ?? []).map((meeting) => this.#choice(meeting)));
    const hint = this.scanner.pairHint || (meetings ? (meetings.length ? "" : "noMeeting") : door.as ? "loadFailed" : door.unpaired ? "unpaired" : "pairFirst");
    this.screen.write("choose-hint", hint && this.screen.text(hint));
    this.screen.parts.install.hidden = !this.install;
    this.screen.write("persist-hint", shell.persisted === false && door.as ? this.screen.text("notPersisted") : "");
    for (const link of this.screen.root.querySelectorAll("[data-signed]")) link.hidden = link.dataset.signed !== (door.opens ? "in" : "out");
  }

  #choice(meeting) {
    const item = this.screen.make("li");
    const button = this.screen.button("sc-choice", "", () => this.scanner.open(meeting));
    const more = [this.screen.moment(meeting.starts_at), meeting.hamlets.map((hamlet) => hamlet.name).join(", "), meeting.venue];
    button.append(this.screen.make("strong", "", meeting.title), this.screen.make("span", "", more.filter(Boolean).join(" · ")));
    item.append(button);
    return item;
  }

  /* The link waits until it is opened where it does some good. */
  showOtherBrowser() {
    const isApple = /iPhone|iPad|Mac OS/.test(navigator.userAgent) && !/Android/.test(navigator.userAgent);
    this.screen.write("browser-word", this.screen.text(isApple ? "openSafari" : "openChrome"));
    this.screen.write("browser-how", this.screen.text(isApple ? "openSafariHow" : "openChromeHow"));
    const chrome = this.screen.parts["browser-chrome"];
    chrome.hidden = !/Android/.test(navigator.userAgent);
    chrome.href = chromeLink(location.href);
    this.screen.field("browser-link").value = location.href;
    this.screen.write("browser-copy", this.screen.text("copyLink"));
  }

  async #copy() {
    const field = this.screen.field("browser-link");
    try {
      await navigator.clipboard.writeText(field.value);
    } catch {
      // an app's own browser may have no such right; the old way works in more of them
      field.select();
      if (!document.execCommand("copy")) return;
    }
    this.screen.write("browser-copy", this.screen.text("copied"));
  }

  async #install() {
    this.install.prompt();
    await this.install.userChoice;
    this.install = null;
    await this.scanner.makeReady();
    this.draw();
  }
}
