/* Writing down the signed sheet: Enter in the field of row numbers ticks those rows and empties it, so that a whole page
   goes in without the mouse; the arrow keys go from tick to tick. Without this the numbers are sent with the form. */

const RUN = /^(\d{1,6})(?:[-\u2013](\d{1,6}))?$/;

export function start(form) {
  const numbers = form.querySelector("[data-numbers]");
  if (!numbers) return;
  const said = form.querySelector("[data-said]");
  const rows = new Map([...form.querySelectorAll("tr[data-row]")].map((row) => [Number(row.dataset.row), row]));
  const boxes = [...rows.values()].map((row) => row.querySelector('input[type="checkbox"]'));

  function say(sentence, values) {
    said.textContent = sentence.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
  }

  /* The rows typed; null, and a word on it, where one is not to be ticked. */
  function meant(typed) {
    const found = [];
    for (const part of typed.replace(/\s*[-\u2013]\s*/g, "-").split(/[,;\s]+/).filter(Boolean)) {
      const run = RUN.exec(part);
      const [first, last] = run ? [Number(run[1]), Number(run[2] ?? run[1])] : [1, 0];
      const numbers = [...rows.keys()].filter((number) => first <= number && number <= last);
      if (!numbers.length) {
        say(form.dataset.unknown, { number: part });
        return null;
      }
      found.push(...numbers);
    }
    return found;
  }

  numbers.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.isComposing) return;
    event.preventDefault();
    const found = meant(numbers.value);
    if (!found?.length) return;
    for (const number of found) rows.get(number).querySelector('input[type="checkbox"]').checked = true;
    const last = found.at(-1);
    say(form.dataset.ticked, { number: last, name: rows.get(last).dataset.name });
    numbers.value = "";
  });

  form.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    const here = event.target === numbers ? -1 : boxes.indexOf(event.target);
    if (here === -1 && event.target !== numbers) return;
    event.preventDefault();
    const next = here + step;
    (next < 0 ? numbers : boxes[Math.min(next, boxes.length - 1)]).focus();
  });
}
