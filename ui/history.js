// One press of the browser's Back for one press of a button.
//
// Streamlit enters a change of page twice: as the old page with the new page's settings, which that page does not know,
// and as the new page; and once more where a page writes its own settings. What comes after the first of them belongs
// to it, until the visitor does something again.
if (!window.mnistlabHistory) {
  window.mnistlabHistory = true;
  const { history } = window;
  const push = history.pushState.bind(history);
  const replace = history.replaceState.bind(history);
  let isEntered = true; // whether what the visitor did last has its entry; opening the page has
  const acts = () => { isEntered = false; };
  for (const kind of ["pointerdown", "keydown", "click"]) addEventListener(kind, acts, { capture: true, passive: true });
  addEventListener("popstate", () => { isEntered = true; });
  history.pushState = (...entry) => {
    (isEntered ? replace : push)(...entry);
    isEntered = true;
  };
}
