// Make one press of the browser's Back undo one press of a button.
//
// Streamlit adds two history entries for a change of page: the old page with the new page's settings, which it does not
// know, and the new page; and a third if the page writes its own settings. Merge those after the first into it, until
// the visitor does something again.
if (!window.mnistlabHistory) {
  window.mnistlabHistory = true;
  const { history } = window;
  const push = history.pushState.bind(history);
  const replace = history.replaceState.bind(history);
  let isEntered = true; // whether the visitor's last action has its entry; opening the page has one
  const acts = () => { isEntered = false; };
  for (const kind of ["pointerdown", "keydown", "click"]) addEventListener(kind, acts, { capture: true, passive: true });
  addEventListener("popstate", () => { isEntered = true; });
  history.pushState = (...entry) => {
    (isEntered ? replace : push)(...entry);
    isEntered = true;
  };
}
