// Paper is narrower than the window, but a chart keeps the size it was drawn at, so its end would be cut off. A view
// box lets it shrink as a whole. Paper is white, too: frame.css inverts the colours of a dark page.
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
