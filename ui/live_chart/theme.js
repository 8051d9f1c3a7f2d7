// Streamlit's theme, and the colours of the curves on it.

const pen = document.createElement("canvas").getContext("2d", { willReadFrequently: true });

function themeOf(element) {
  const style = getComputedStyle(element);
  const value = (name) => style.getPropertyValue(`--st-${name}`).trim();
  const text = value("text-color");
  return {
    text,
    background: value("background-color"),
    raised: value("secondary-background-color"),
    axis: faded(text, 0.5),
    grid: faded(text, 0.12),
    font: value("font") || "sans-serif",
  };
}

// Return [red, green, blue] of any CSS colour, 0 to 255.
function channels(colour) {
  pen.clearRect(0, 0, 1, 1);
  pen.fillStyle = colour;
  pen.fillRect(0, 0, 1, 1);
  return [...pen.getImageData(0, 0, 1, 1).data].slice(0, 3);
}

function faded(colour, opacity) {
  return `rgba(${channels(colour).join(",")},${opacity})`;
}

function luminance(rgb) {
  const linear = (value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
  const [red, green, blue] = rgb.map((value) => linear(value / 255));
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

// Mix a colour with the text's until it stands out from the background (contrast ratio as in WCAG).
function visible(colour, theme) {
  const [own, ink, paper] = [colour, theme.text, theme.background].map(channels);
  const isWanted = matchMedia("(prefers-contrast: more)").matches;
  const enough = luminance(paper) < 0.2 || isWanted ? 5 : 2; // on white, 5 turns the orange of validation brown
  for (let share = 0; share < 1; share += 0.1) {
    const mixed = own.map((value, index) => Math.round(value + share * (ink[index] - value)));
    const [low, high] = [luminance(mixed), luminance(paper)].sort((a, b) => a - b);
    if ((high + 0.05) / (low + 0.05) >= enough) return `rgb(${mixed.join(",")})`;
  }
  return theme.text;
}
