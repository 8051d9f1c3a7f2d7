// The names at the curves' ends: wrapped, moved apart, and kept inside the chart. Uses theme.js.

const LINE_HEIGHT = 17; // pixels, of a label
const GLYPH = 18; // pixels, of the mark before a label and the space after it
// The glyph before a curve's label, by Plotly's name for the curve's marker.
const GLYPHS = { circle: "●", square: "■", "triangle-up": "▲", diamond: "◆", "triangle-down": "▼", star: "★", x: "✖" };
const IN_PLOT = { xref: "paper", yref: "paper" };
const PLAIN = { ...IN_PLOT, xanchor: "left", align: "left", showarrow: false, borderpad: 0 };

// Wrap words into lines no wider than `width` pixels; break a word that is wider by itself.
function wrap(text, width, font) {
  pen.font = font;
  const fits = (line) => pen.measureText(line).width <= width;
  const lines = [];
  for (const word of text.split(/\s+/).flatMap((word) => pieces(word, fits))) {
    const longer = `${lines.at(-1)} ${word}`;
    if (lines.length && fits(longer)) lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  return lines;
}

function pieces(word, fits) {
  let end = word.length;
  while (end > 1 && !fits(word.slice(0, end))) end -= 1;
  return end === word.length ? [word] : [word.slice(0, end), ...pieces(word.slice(end), fits)];
}

function widest(lines, font) {
  pen.font = font;
  return Math.max(...lines.map((line) => pen.measureText(line).width));
}

// Join lines in the small subset of HTML that Plotly reads.
function markup(lines) {
  return lines.map((line) => line.replaceAll("&", "&amp;").replaceAll("<", "&lt;")).join("<br>");
}

// Whether the view ends where peaks are cut off.
function isCut(data, view) {
  return data.above !== "" && view.y[1] === data.yRange[1];
}

// The last point left of the right edge of the view, in shares of the plot from its top left corner. One that is cut
// off counts as at the upper edge.
function endOf(one, data, view) {
  const share = (value, [low, high]) => (value - low) / (high - low);
  for (let index = one.x.length - 1; index >= 0; index -= 1) {
    const x = share(one.x[index], view.x);
    const value = data.log ? Math.log10(one.y[index]) : one.y[index];
    if (x > 1.0001 || !Number.isFinite(value)) continue;
    const place = 1 - share(value, view.y);
    const y = isCut(data, view) ? Math.max(0, place) : place;
    return x >= 0 && y >= -0.02 && y <= 1.02 ? { x, y } : null;
  }
  return null;
}

// Place the labels, in pixels of the plot: all in one column, to the right of the rightmost end.
function labelsOf(chart, data, view, box) {
  const labels = chart.series.flatMap((one) => {
    const end = one.lines && endOf(one, data, view);
    if (!end) return [];
    return [{ one, x: end.x * box.width, y: end.y * box.height, height: one.lines.length * LINE_HEIGHT + 3 }];
  });
  labels.sort((a, b) => a.y - b.y);
  const column = Math.max(...labels.map((label) => label.x)) + 12;
  return spread(fitting(labels, box.height), box.height).map((label) => ({ ...label, column }));
}

// If there are too many for the height, keep the first lines only, then the topmost labels. The hover box names all.
function fitting(labels, height) {
  if (labels.reduce((sum, label) => sum + label.height, 0) <= height) return labels;
  return labels.slice(0, Math.floor(height / LINE_HEIGHT)).map((label) => {
    const [first, ...more] = label.one.lines;
    const lines = [more.length ? `${first}…` : first];
    return { ...label, height: LINE_HEIGHT, one: { ...label.one, lines } };
  });
}

// Move labels, sorted from the top, apart so that none overlaps another or leaves the chart.
function spread(labels, height) {
  let floor = -LINE_HEIGHT / 2;
  for (const label of labels) {
    label.top = Math.max(label.y - label.height / 2, floor);
    floor = label.top + label.height;
  }
  let ceiling = height; // no lower, or it would cover the axis
  for (const label of [...labels].reverse()) {
    label.top = Math.min(label.top, ceiling - label.height);
    ceiling = label.top;
  }
  return labels;
}

function annotation(label, box, theme) {
  const glyph = GLYPHS[label.one.sign] ?? (label.one.style === "dots" ? "●" : "━");
  return {
    ...PLAIN,
    yanchor: "middle",
    x: label.column / box.width,
    y: 1 - (label.top + label.height / 2) / box.height,
    text: `<span style="color:${label.one.colour}">${glyph}</span>\u2002${markup(label.one.lines)}`,
    font: { color: theme.text, size: 13 },
    bgcolor: theme.background, // so that no grid line runs through the name
  };
}

// A dotted line to the label from the end of a curve that lags behind the others.
function leader(label, box) {
  if (label.column - label.x < 30) return [];
  const middle = label.top + label.height / 2;
  return [{
    ...IN_PLOT,
    type: "line",
    layer: "below",
    x0: (label.x + 4) / box.width,
    y0: 1 - label.y / box.height,
    x1: (label.column - 2) / box.width,
    y1: 1 - middle / box.height,
    line: { color: "#808080", width: 1, dash: "dot" }, // in the curve's own colour it would look like a part of it
    opacity: 0.6,
  }];
}
