// A setting that has just changed stands in the address that the server is told.
//
// Streamlit tells the address that it noted when it last drew the page. Safari sends a change before it draws, so the
// server is told the old address, and writes it back. What stands there is told instead. Where a Streamlit calls these
// things otherwise, and within the page of another site, all stays as it is.
if (!window.mnistlabAddress && window.parent === window) {
  const MOST = 500; // parts of the page that are looked at; Streamlit's app is about the 25th
  const root = document.getElementById("root") ?? {};
  const name = Object.keys(root).find((own) => own.startsWith("__reactContainer$"));
  const parts = name ? [root[name].stateNode.current] : [];
  for (const part of parts) {
    const app = part.stateNode;
    if (typeof app?.getQueryString === "function") {
      app.getQueryString = () => location.search.slice(1);
      window.mnistlabAddress = true;
      break;
    }
    if (parts.length > MOST) break;
    parts.push(...[part.child, part.sibling].filter(Boolean));
  }
}
