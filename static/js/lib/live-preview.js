/* While a form is filled in, posts it to data-url and shows the answer (a piece of page) in the element
   named by data-target. The older of two answers under way is dropped. data-wait: milliseconds of quiet, 350. */

import { startModules } from "../main.js";

export function start(form) {
  const target = document.getElementById(form.dataset.target);
  const wait = Number(form.dataset.wait ?? 350);
  let timer;
  let underway;

  async function refresh() {
    underway?.abort();
    underway = new AbortController();
    target.setAttribute("aria-busy", "true");
    try {
      const response = await fetch(form.dataset.url, {
        method: "POST",
        body: new FormData(form),
        headers: { "X-Requested-With": "fetch" },
        signal: underway.signal,
      });
      if (response.ok || response.status === 422) {
        const page = await response.text();
        const focused = target.contains(document.activeElement) ? document.activeElement.id : "";
        target.innerHTML = page;
        startModules(target);
        if (focused) document.getElementById(focused)?.focus();
      }
      target.removeAttribute("aria-busy");
    } catch (error) {
      if (error.name !== "AbortError") target.removeAttribute("aria-busy");
    }
  }

  function later() {
    clearTimeout(timer);
    timer = setTimeout(refresh, wait);
  }

  form.addEventListener("input", later);
  form.addEventListener("change", later);
  refresh();
}
