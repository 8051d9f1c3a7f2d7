// Draws a live chart with Plotly.react and keeps the person's zoom. Uses theme.js and layout.js.

const LIBRARY = Symbol.for("mnistlab.plotly");
const LETTERS = 16; // pixels; the size of the page's letters that all sizes in these scripts are meant for
const NARROWEST = 120; // pixels; less leaves no room beside the numbers
const charts = new WeakMap();

// One promise for all charts. The address of a page is one segment long, so "./app" is the app's root.
function loadPlotly(version) {
  globalThis[LIBRARY] ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = new URL(`./app/static/plotly.min.js?v=${version}`, document.baseURI);
    script.onload = () => resolve(globalThis.Plotly);
    script.onerror = () => reject(new Error(script.src));
    document.head.append(script);
  });
  return globalThis[LIBRARY];
}

function decode(text) {
  return new Float32Array(Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)).buffer);
}

function draw(Plotly, chart) {
  const { plot, data } = chart;
  if (plot.clientWidth < NARROWEST) return; // in a hidden tab or a growing column; the ResizeObserver calls again
  chart.drawn = plot.clientWidth;
  const theme = themeOf(plot);
  chart.series = data.series.map((one) => {
    return { ...one, x: decode(one.x), y: decode(one.y), colour: visible(one.colour, theme) };
  });
  chart.config ??= configOf(Plotly, chart); // once: with another config Plotly starts over
  const traces = [...chart.series.map((one) => traceOf(one, data)), ...signsOf(chart, data, theme)];
  Plotly.react(plot, traces, layoutOf(chart, data, theme), chart.config);
  for (const drawing of plot.querySelectorAll(".main-svg")) drawing.setAttribute("aria-hidden", "true"); // it has a name
  if (!chart.listening) listen(Plotly, chart);
}

function configOf(Plotly, chart) {
  const whole = { name: "Show all of it", icon: Plotly.Icons.autoscale, click: () => resetZoom(Plotly, chart, true) };
  const buttons = [
    { name: "Reset the zoom", icon: Plotly.Icons.home, click: () => resetZoom(Plotly, chart) },
    ...(chart.data.mayCut ? [whole] : []),
    { name: "Save as PNG", icon: Plotly.Icons.camera, click: () => savePicture(Plotly, chart) },
  ];
  const look = { displaylogo: false, displayModeBar: "hover", modeBarButtons: [buttons] };
  return { ...look, doubleClick: false, doubleClickDelay: 500 }; // milliseconds; a child's fingers are slow
}

function listen(Plotly, chart) {
  chart.listening = true;
  chart.plot.on("plotly_relayout", (change) => keepZoom(Plotly, chart, change));
  chart.plot.on("plotly_doubleclick", () => resetZoom(Plotly, chart));
}

// Remember a zoom made with the mouse, axis by axis, and place the labels anew. Plotly's event counts, not the layout:
// new points may have been drawn since the button was released.
function keepZoom(Plotly, chart, change) {
  const ends = (name) => [0, 1].map((end) => change[`${name}.range[${end}]`] ?? change[`${name}.range`]?.[end]);
  const moved = ["x", "y"].filter((name) => ends(`${name}axis`).every(Number.isFinite));
  for (const name of moved) chart.zoom[name] = ends(`${name}axis`);
  if (moved.length) draw(Plotly, chart);
}

// whole: including the peaks that are cut off at first.
function resetZoom(Plotly, chart, whole = false) {
  chart.zoom = { x: null, y: null };
  chart.whole = whole;
  draw(Plotly, chart);
}

function savePicture(Plotly, { plot, data }) {
  const { width, height } = plot.layout;
  const layout = { ...plot.layout, paper_bgcolor: themeOf(plot).background };
  Plotly.downloadImage({ data: plot.data, layout }, { format: "png", scale: 2, width, height, filename: data.title });
}

function sayFailure({ plot, data }) {
  plot.classList.add("failed");
  plot.textContent = data.failed;
}

// Whoever has asked the browser for larger letters gets a chart of the same size with everything in it as much larger.
function enlarge(plot, height) {
  const times = parseFloat(getComputedStyle(document.documentElement).fontSize) / LETTERS;
  const transform = times === 1 ? "" : `scale(${times})`;
  Object.assign(plot.style, { width: `${100 / times}%`, height: `${height / times}px`, transform });
}

function update(chart) {
  const { plot, data } = chart;
  enlarge(plot, data.height);
  plot.setAttribute("role", "figure"); // not "img", which would hide the buttons from a screen reader
  plot.setAttribute("aria-label", data.spoken);
  loadPlotly(data.plotly).then((Plotly) => draw(Plotly, chart), () => sayFailure(chart));
}

function mount(parent) {
  const chart = { plot: parent.querySelector(".mnistlab-live-chart"), zoom: { x: null, y: null } };
  chart.observer = new ResizeObserver(() => chart.drawn !== chart.plot.clientWidth && update(chart));
  chart.observer.observe(chart.plot);
  charts.set(parent, chart);
  return chart;
}

function unmount(parent, chart) {
  chart.observer.disconnect();
  charts.delete(parent);
  globalThis[LIBRARY].then((Plotly) => Plotly.purge(chart.plot), () => {});
}

// Streamlit calls this at every change of the data or the theme.
export default function liveChart({ data, parentElement }) {
  const chart = charts.get(parentElement) ?? mount(parentElement);
  chart.data = data;
  update(chart);
  // Streamlit also calls the clean-up of a call that a newer one has superseded; the chart is still in the page then.
  return () => setTimeout(() => parentElement.isConnected || unmount(parentElement, chart));
}
