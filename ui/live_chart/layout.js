// Builds Plotly's traces and layout. Uses theme.js and labels.js.

const SIGNS = 5; // markers along a line that has a sign

function traceOf(one, data) {
  const faint = one.style === "faint" || one.style === "behind";
  // A single point would be no line.
  const dots = one.style === "dots" || one.y.filter(Number.isFinite).length === 1;
  if (one.style === "band") return bandOf(one);
  return {
    type: "scatter",
    name: markup([one.name]),
    x: one.x,
    y: one.y,
    mode: dots ? "lines+markers" : "lines",
    // Translucent by its colour: an opacity of the whole line takes the browser twice as long to paint.
    line: { color: faint ? faded(one.colour, 0.4) : one.colour, width: faint ? 1 : dots ? 1.5 : 2.5 },
    marker: { color: one.colour, size: one.sign ? 9 : 7, symbol: one.sign || "circle" },
    cliponaxis: !dots,
    hovertemplate: data.percent ? "%{y:.2%}" : "%{y:.4~g}",
  };
}

function bandOf(one) {
  const fillcolor = faded(one.colour, 0.18);
  return { type: "scatter", x: one.x, y: one.y, mode: "lines", line: { width: 0 }, fill: "toself", fillcolor, hoverinfo: "skip" };
}

// One trace with the markers of all lines, each line's at a few places of the view, between those of the others.
function signsOf(chart, data, theme) {
  const lines = chart.series.filter((one) => one.sign && one.style !== "dots" && one.style !== "band");
  const [low, high] = viewOf(chart, data).x;
  const marks = lines.flatMap((one, line) =>
    Array.from({ length: SIGNS }, (_, place) => {
      const at = low + ((high - low) * (place + (line + 0.5) / lines.length)) / SIGNS;
      const index = one.x.findIndex((x, place) => x >= at && Number.isFinite(one.y[place]));
      return { x: one.x[index], y: one.y[index], symbol: one.sign, color: one.colour };
    }),
  ).filter((mark) => mark.x <= high);
  if (!marks.length) return [];
  const all = (name) => marks.map((mark) => mark[name]);
  const line = { color: theme.background, width: 1.5 }; // else a marker is lost among the ups and downs of its line
  const marker = { symbol: all("symbol"), color: all("color"), size: 11, line };
  return [{ type: "scatter", mode: "markers", x: all("x"), y: all("y"), marker, hoverinfo: "skip" }];
}

// Copies, because Plotly writes a zoom into the arrays it is given, and the next reset would find it there.
function viewOf({ zoom, whole }, data) {
  return { x: [...(zoom.x ?? data.xRange)], y: [...(zoom.y ?? (whole ? data.yWhole : data.yRange))] };
}

// Margins are computed, not left to Plotly, so that the plot stays where it is while its numbers change.
function layoutOf(chart, data, theme) {
  const { clientWidth: width, clientHeight: height } = chart.plot;
  const titleLines = wrap(data.title, width - 8, `600 15px ${theme.font}`);
  const view = viewOf(chart, data);
  const left = numberRoom(chart, data, view, theme);
  const margin = { l: left, r: labelRoom(chart, width, theme), t: 14 + 20 * titleLines.length, b: 46, pad: 0 };
  const box = { width: width - margin.l - margin.r, height: height - margin.t - margin.b };
  const empty = !chart.series.some((one) => one.y.some(Number.isFinite));
  const labels = labelsOf(chart, data, view, box);
  return {
    ...lookOf(theme),
    width,
    height,
    margin,
    uirevision: data.key,
    xaxis: xAxis(data, view, box, theme, empty),
    yaxis: yAxis(data, view, theme, empty),
    annotations: [
      titleOf(titleLines, box, margin),
      ...labels.map((label) => annotation(label, box, theme)),
      ...(isCut(data, view) && goesAbove(chart.series, view) ? [noteOf(data.above, theme)] : []),
      ...(empty ? [{ ...IN_PLOT, x: 0.5, y: 0.5, showarrow: false, text: markup([data.empty]) }] : []),
    ],
    shapes: labels.flatMap((label) => leader(label, box)),
  };
}

function lookOf(theme) {
  return {
    font: { family: theme.font, size: 12, color: theme.text },
    paper_bgcolor: "transparent",
    plot_bgcolor: "transparent",
    showlegend: false,
    hovermode: "x unified",
    hoverlabel: { bgcolor: theme.raised, bordercolor: theme.grid, font: { color: theme.text, size: 12 } },
    // A finger scrolls the page; only a mouse draws a box.
    dragmode: matchMedia("(pointer: coarse)").matches ? false : "zoom",
    modebar: { bgcolor: "transparent", color: theme.text, activecolor: theme.text },
  };
}

// Pixels for the y axis: its title, and the longest number shown so far, so that the plot seldom moves.
function numberRoom(chart, data, view, theme) {
  const ends = endsOf(data, view);
  const { ticktext = ends.map((end) => written(end, ends, data.percent)) } = data.log ? logTicks(view.y) : {};
  const texts = ticktext.map((text) => text.replace(/<.*?>/g, "")); // "10<sup>6</sup>" is as wide as "106"
  chart.numbers = Math.max(chart.numbers ?? 0, Math.ceil(widest(["0.5", ...texts], `12px ${theme.font}`)));
  return Math.max(56, chart.numbers + 32);
}

// Format a number as at a grid of about seven lines over this range.
function written(number, [low, high], percent) {
  const step = (high - low) / 7 / (percent ? 0.01 : 1);
  const digits = Math.min(20, Math.max(0, Math.ceil(-Math.log10(step || 1))));
  const figures = { minimumFractionDigits: digits, maximumFractionDigits: digits };
  if (isHuge([low, high])) return number.toExponential(1); // about as wide as Plotly's 2.5 x 10 to a power
  return (percent ? 100 * number : number).toLocaleString("en", figures) + (percent ? "%" : "");
}

// The numbers at the ends of the y axis: where it is logarithmic, the view holds their powers of ten.
function endsOf(data, view) {
  return data.log ? view.y.map((end) => 10 ** end) : view.y;
}

// Whether numbers of this range, such as the losses of a diverging training, are written as powers of ten.
function isHuge([low, high]) {
  return Math.max(Math.abs(low), Math.abs(high)) >= 1e6;
}

// Wrap the names of the labelled curves; return the pixels to keep free for the widest.
function labelRoom(chart, width, theme) {
  const font = `13px ${theme.font}`;
  for (const one of chart.series) {
    one.lines = one.style === "faint" || one.style === "band" ? null : wrap(one.name, Math.max(70, 0.28 * width), font);
  }
  const named = chart.series.filter((one) => one.lines);
  return named.length ? Math.ceil(Math.max(...named.map((one) => widest(one.lines, font)))) + GLYPH + 16 : 16;
}

// Plotly's own title does not wrap, and of two lines it hides the first.
function titleOf(lines, box, margin) {
  return {
    ...PLAIN,
    yanchor: "top",
    x: -margin.l / box.width,
    y: 1 + (margin.t - 4) / box.height,
    text: markup(lines),
    font: { size: 15, weight: 600 },
  };
}

// Whether a curve leaves the view at its upper edge.
function goesAbove(series, { x: [low, high], y: [, top] }) {
  return series.some((one) => one.x.some((x, index) => x >= low && x <= high && one.y[index] > top));
}

// The note that curves continue above the picture.
function noteOf(text, theme) {
  const font = { size: 12, color: theme.text };
  return { ...IN_PLOT, x: 0.5, y: 1, yanchor: "top", showarrow: false, text: markup([text]), font, bgcolor: theme.background };
}

function axis(theme, title, empty) {
  return {
    title: { text: markup([title]), standoff: 8 },
    tickfont: { color: empty ? "transparent" : theme.text },
    ticklabelstandoff: 4,
    automargin: false,
    uirevision: false, // live_chart.js keeps the zoom: Plotly's own memory would undo a reset
    gridcolor: theme.grid,
    linecolor: theme.axis,
    tickcolor: theme.axis,
    zeroline: false,
    exponentformat: "none",
    separatethousands: true,
  };
}

function xAxis(data, view, box, theme, empty) {
  return {
    ...axis(theme, data.xTitle, empty),
    range: view.x,
    showgrid: false,
    showline: true,
    ticks: empty ? "" : "outside",
    nticks: Math.ceil(box.width / 80),
    unifiedhovertitle: { text: `${markup([data.xTitle])} %{x:,.${digitsFor(view.x)}~f}` },
    showspikes: true,
    spikemode: "across",
    spikesnap: "data",
  };
}

// The decimals needed to tell points apart that are a thousandth of the range from each other.
function digitsFor([low, high]) {
  return Math.max(0, Math.ceil(3 - Math.log10(high - low || 1)));
}

function yAxis(data, view, theme, empty) {
  return {
    ...axis(theme, data.yTitle, empty),
    range: view.y,
    showline: false,
    ticks: "",
    nticks: 7,
    type: data.log ? "log" : "linear",
    exponentformat: isHuge(endsOf(data, view)) ? "power" : "none",
    ...(data.log && logTicks(view.y)),
    ...(data.percent && { tickformat: ".2~%" }),
  };
}

// 0.1, 0.2, 0.5, 1 ...: Plotly's own logarithmic ticks are digits without their powers of ten.
function logTicks([low, high]) {
  const values = [];
  const every = Math.max(1, Math.ceil((high - low) / 7)); // decades from line to line, so that numbers stand apart
  for (let decade = Math.ceil(Math.floor(low) / every) * every; decade <= high; decade += every) {
    for (const step of high - low > 3 ? [1] : [1, 2, 5]) values.push(Number(`${step}e${decade}`));
  }
  const shown = values.filter((value) => Math.log10(value) >= low && Math.log10(value) <= high);
  return shown.length < 2 ? {} : { tickvals: shown, ticktext: shown.map(decimal) };
}

function decimal(value) {
  const [digit, power] = value.toExponential().split("e+");
  return value < 1e6 ? String(value) : `${digit === "1" ? "" : `${digit}×`}10<sup>${power}</sup>`;
}
