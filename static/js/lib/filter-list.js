/* Filter as you type: an input with data-items="css selector" hides the items that lack the typed words,
   with or without diacritics. data-count names the element that shows how many are left; data-empty the one
   shown when none is. An item may carry its words in data-words, else its text counts. */

export function fold(text) {
  return text.normalize("NFD").replace(/\p{Mn}/gu, "").replace(/[đĐ]/g, "d").toLowerCase();
}

export function matches(words, query) {
  return fold(query).split(/\s+/).filter(Boolean).every((part) => words.includes(part));
}

export function start(input) {
  const items = [...document.querySelectorAll(input.dataset.items)];
  const words = new Map(items.map((item) => [item, fold(item.dataset.words ?? item.textContent)]));
  const count = document.getElementById(input.dataset.count);
  const empty = document.getElementById(input.dataset.empty);

  function filter() {
    let left = 0;
    for (const item of items) {
      item.hidden = !matches(words.get(item), input.value);
      if (!item.hidden) left += 1;
    }
    if (count) count.textContent = left;
    if (empty) empty.hidden = left > 0;
  }

  input.addEventListener("input", filter);
  input.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && input.dataset.enter === undefined) event.preventDefault();
  });
  if (input.value) filter();
}
