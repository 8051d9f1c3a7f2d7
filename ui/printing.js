// Paper is narrower than the window, and a chart keeps the size that it was drawn in: its end would be cut off. With a
// view box it is made smaller as a whole. And paper is white: frame.css turns a dark page's colours round.
if (!window.mnistlabPrinting) {
  window.mnistlabPrinting = true;
  const isDark = () => {
    const [red, green, blue] = getComputedStyle(document.querySelector(".stApp")).backgroundColor.match(/\d+/g);
    return Math.max(red, green, blue) < 128;
  };
  addEventListener("beforeprint", () => {
    document.documentElement.classList.toggle("dark-on-screen", isDark());
    for (const svg of document.querySelectorAll(".js-plotly-plot .main-svg")) {
      svg.setAttribute("viewBox", `0 0 ${svg.getAttribute("width")} ${svg.getAttribute("height")}`);
    }
  });
  addEventListener("afterprint", () => {
    document.documentElement.classList.remove("dark-on-screen");
    for (const svg of document.querySelectorAll(".js-plotly-plot .main-svg")) svg.removeAttribute("viewBox");
  });
}
