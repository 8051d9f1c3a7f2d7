const SIDE = 28;
const REST = 120; // ms without a key until the picture is sent
const EDGE = 150; // ink beside the pixel that is painted: a pen is wider than a pixel
const MOVES = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };

const packed = (pixels) => btoa(String.fromCharCode(...pixels));
const unpacked = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));

function show(state) {
  const context = state.canvas.getContext("2d");
  const picture = context.createImageData(SIDE, SIDE);
  state.pixels.forEach((value, at) => picture.data.set([value, value, value, 255], 4 * at));
  const at = 4 * (state.row * SIDE + state.column); // the place of the pen, in a colour that ink never has
  const lit = state.pixels[state.row * SIDE + state.column];
  picture.data.set(state.erasing ? [213, 94, 0, 255] : [Math.round(lit * 0.3), 150, 230, 255], at);
  context.putImageData(picture, 0, 0);
}

function tell(state, extra) {
  const ink = state.pixels[state.row * SIDE + state.column] > 127 ? "ink" : "no ink";
  const tool = state.erasing ? "eraser" : "pen";
  const held = state.down ? `${tool} down` : `${tool} up`;
  state.told.textContent = `${extra ? extra + ". " : ""}Row ${state.row}, column ${state.column}: ${ink}, ${held}`;
}

function remember(state) {
  state.before.push(state.pixels.slice());
  if (state.before.length > 200) state.before.shift();
}

function put(state, row, column, value) {
  if (row < 0 || column < 0 || row >= SIDE || column >= SIDE) return;
  const at = row * SIDE + column;
  state.pixels[at] = state.erasing ? 0 : Math.max(state.pixels[at], value);
}

function paint(state) {
  put(state, state.row, state.column, 255);
  for (const [down, right] of Object.values(MOVES)) put(state, state.row + down, state.column + right, EDGE);
  send(state);
}

function send(state) {
  clearTimeout(state.timer);
  state.timer = setTimeout(() => {
    state.sent = state.pixels.some((value) => value) ? packed(state.pixels) : "";
    state.setStateValue("pixels", state.sent);
  }, REST);
}

function move(state, row, column) {
  state.row = Math.min(SIDE - 1, Math.max(0, row));
  state.column = Math.min(SIDE - 1, Math.max(0, column));
}

function undo(state) {
  if (!state.before.length) return "Nothing to take back";
  state.pixels = state.before.pop();
  send(state);
  return "Taken back";
}

function clear(state) {
  remember(state);
  state.pixels = new Uint8Array(SIDE * SIDE);
  state.down = false;
  send(state);
  return "Cleared";
}

function press(state, key) {
  if (key in MOVES) {
    if (state.down) remember(state);
    move(state, state.row + MOVES[key][0], state.column + MOVES[key][1]);
    if (state.down) paint(state);
    return "";
  }
  if (key === " ") { remember(state); paint(state); return ""; }
  if (key === "p") {
    state.down = !state.down;
    if (state.down) { remember(state); paint(state); }
    return "";
  }
  if (key === "e") { state.erasing = !state.erasing; return ""; }
  if (key === "u") return undo(state);
  if (key === "delete" || key === "backspace") return clear(state);
  if (key === "home") { move(state, SIDE / 2, SIDE / 2); return ""; }
  return null;
}

function listen(state) {
  const { canvas } = state;
  canvas.onkeydown = (event) => {
    if (event.altKey || event.metaKey) return;
    const key = event.ctrlKey ? (event.key === "z" ? "u" : "") : event.key in MOVES ? event.key : event.key.toLowerCase();
    const said = press(state, key);
    if (said === null) return;
    event.preventDefault();
    event.stopPropagation();
    show(state);
    tell(state, said);
  };
  const follow = (event) => {
    const box = canvas.getBoundingClientRect();
    move(state, Math.floor((event.clientY - box.top) / box.height * SIDE), Math.floor((event.clientX - box.left) / box.width * SIDE));
    paint(state);
    show(state);
    tell(state, "");
  };
  canvas.onpointerdown = (event) => { canvas.setPointerCapture(event.pointerId); remember(state); follow(event); };
  canvas.onpointermove = (event) => { if (event.buttons) follow(event); };
}

export default function pixelEditor({ data, parentElement, setStateValue }) {
  const root = parentElement.querySelector(".pixel-editor");
  if (!root.state) {
    root.state = {
      canvas: root.querySelector("canvas"), told: root.querySelector(".told"), pixels: new Uint8Array(SIDE * SIDE),
      row: SIDE / 2, column: SIDE / 2, before: [], down: false, erasing: false, sent: "", setStateValue,
    };
    if (data) { root.state.pixels = unpacked(data); root.state.sent = data; }
    listen(root.state);
    tell(root.state, "");
  }
  root.state.setStateValue = setStateValue;
  show(root.state);
  return () => clearTimeout(root.state.timer);
}
