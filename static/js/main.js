/* Starts the behaviours a page asks for: data-module="lib/confirm lib/print" imports
   static/js/lib/confirm.js and static/js/lib/print.js and calls start(element) of each.
   Once all of them have started, the page's root says so: data-started. */

const NAME = /^[a-z0-9-]+(\/[a-z0-9-]+)*$/;

export async function startModules(root) {
  const elements = [...root.querySelectorAll("[data-module]")];
  if (root instanceof Element && root.matches("[data-module]")) elements.unshift(root);
  await Promise.all(elements.flatMap((element) => element.dataset.module.split(/\s+/).map((name) => startModule(name, element))));
}

async function startModule(name, element) {
  if (!NAME.test(name)) return;
  try {
    const module = await import(`./${name}.js`);
    module.start(element);
  } catch (error) {
    // the page works without its behaviours; one that fails must not stop the others
    console.error(`module ${name} did not start`, error);
  }
}

// not awaited: behaviours that import this file would wait for it, and it for them
startModules(document).then(() => document.documentElement.toggleAttribute("data-started", true));
