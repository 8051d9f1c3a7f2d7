// After a change of page by a key, on an element that the new page does not have, move the focus to the new title.
// Otherwise it would be lost: the keyboard back before the menu, and a screen reader silent.
if (!window.mnistlabArriving) {
  window.mnistlabArriving = true;
  const PAUSE = 100, LATEST = 1000, PATIENCE = 5000; // milliseconds; after LATEST the title is the new page's
  let timer = 0;
  const stop = () => clearInterval(timer);
  let page = document.title;
  const arrive = () => {
    if (document.title === page) return; // Streamlit sets it whenever it runs the script
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
  // The browser tab's name changes with the page.
  const name = document.querySelector("title");
  if (name) new MutationObserver(arrive).observe(name, { childList: true, characterData: true, subtree: true });
  for (const kind of ["pointerdown", "keydown"]) addEventListener(kind, stop, { capture: true, passive: true });
}
