// Paper is narrower than the window, and a chart keeps the size that it was drawn in: its end would be cut off. With a
// view box it is made smaller as a whole.
if (!window.mnistlabPrinting) {
  window.mnistlabPrinting = true;
  addEventListener("beforeprint", () => {
    for (const svg of document.querySelectorAll(".js-plotly-plot .main-svg")) {
      svg.setAttribute("viewBox", `0 0 ${svg.getAttribute("width")} ${svg.getAttribute("height")}`);
    }
  });
  addEventListener("afterprint", () => {
    for (const svg of document.querySelectorAll(".js-plotly-plot .main-svg")) svg.removeAttribute("viewBox");
  });
}
