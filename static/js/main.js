/* Starts the behaviours a page asks for: data-module="lib/confirm lib/print" imports
   static/js/lib/confirm.js and static/js/lib/print.js and calls start(element) of each. */

const NAME = /^[a-z0-9-]+(\/[a-z0-9-]+)*$/;

export async function startModules(root) {
  const elements = [...root.querySelectorAll("[data-module]")];
  if (root instanceof Element && root.matches("[data-module]")) elements.unshift(root);
  for (const element of elements) {
    for (const name of element.dataset.module.split(/\s+/)) {
      if (!NAME.test(name)) continue;
      try {
        const module = await import(`./${name}.js`);
        module.start(element);
      } catch (error) {
        // the page works without its behaviours; one that fails must not stop the others
        console.error(`module ${name} did not start`, error);
      }
    }
  }
}

startModules(document);
