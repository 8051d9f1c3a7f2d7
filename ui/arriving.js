// Whoever leaves for another page by a key on what that page does not have goes on from its title. Else the keyboard
// would be back at the start of all, before the menu, and a screen reader left in silence.
if (!window.mnistlabArriving) {
  window.mnistlabArriving = true;
  const PAUSE = 100, LATEST = 1000, PATIENCE = 5000; // milliseconds; by LATEST the title is the new page's
  let timer = 0;
  const stop = () => clearInterval(timer);
  let page = document.title;
  const arrive = () => {
    if (document.title === page) return; // Streamlit sets it at every run of a script
    page = document.title;
    stop();
    const before = document.querySelector("h1")?.textContent;
    const begun = Date.now();
    timer = setInterval(() => {
      const title = document.querySelector("h1");
      const passed = Date.now() - begun;
      if (title && document.activeElement === document.body && (title.textContent !== before || passed > LATEST)) {
        title.tabIndex = -1;
        title.focus({ preventScroll: true });
      }
      if (document.activeElement === title || passed > PATIENCE) stop();
    }, PAUSE);
  };
  // The page's name in the browser's tab changes with the page.
  const name = document.querySelector("title");
  if (name) new MutationObserver(arrive).observe(name, { childList: true, characterData: true, subtree: true });
  for (const kind of ["pointerdown", "keydown"]) addEventListener(kind, stop, { capture: true, passive: true });
}
