// Runs as a table: sorted by a click on a heading, filtered as one types, compared by their boxes.
// What is shown and in which order stays in the browser; what is compared and starred is the server's.

const MOST_SETTINGS = 6; // columns, on a screen that has room for them
const AT_FIRST = 40; // rows, more than fit; those below them follow once these are painted
const tables = new WeakMap();
const escaped = (text) => String(text).replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);

// Compare ascending, numbers as 2,000 by their value; rows without a value come last either way.
function compare(a, b, direction) {
  const [left, right] = [a, b].map((value) => (value === null || value === "" || value === "–" ? null : value));
  if (left === null || right === null) return (left === null) - (right === null);
  const numbers = [left, right].map((value) => Number(String(value).replaceAll(",", "")));
  const order = numbers.every(Number.isFinite)
    ? numbers[0] - numbers[1]
    : String(left).localeCompare(String(right), undefined, { numeric: true });
  return direction * order;
}

function valueOf(row, column) {
  return column < 0 ? row.settings[-column - 1] : row.cells[column][1];
}

function visibleRows(table) {
  const words = table.search.value.toLowerCase().split(/\s+/).filter(Boolean);
  const found = table.data.rows.filter(
    (row) => (!table.starred.checked || row.star) && (!table.compared.checked || row.id in table.data.compared)
      && words.every((word) => row.words.includes(word)),
  );
  if (table.sorted === null) return found;
  const { column, direction } = table.sorted;
  return found.sort((a, b) => compare(valueOf(a, column), valueOf(b, column), direction));
}

// The settings that tell most of these rows apart, in the order of the config.
function settingsOf(table, rows) {
  const ranked = table.data.settings.map((title, index) => {
    const counts = new Map();
    for (const row of rows) counts.set(row.settings[index], (counts.get(row.settings[index]) ?? 0) + 1);
    return { title, index, apart: rows.length - Math.max(0, ...counts.values()), kinds: counts.size };
  });
  const differing = ranked.filter((one) => one.kinds > 1).sort((a, b) => b.apart - a.apart);
  return { shown: differing.slice(0, MOST_SETTINGS).sort((a, b) => a.index - b.index), total: differing.length };
}

function heading(table, title, column, tip) {
  const direction = table.sorted?.column === column ? table.sorted.direction : 0;
  const aria = ["descending", "none", "ascending"][direction + 1];
  const arrow = ["▾", "", "▴"][direction + 1];
  return `<th scope="col" aria-sort="${aria}"><button data-sort="${column}" title="${escaped(tip)}">${escaped(title)}
    <i>${arrow}</i></button></th>`;
}

function line(row, shown) {
  const cells = row.cells.map(([text, , small], index) => {
    const what = index === 0 ? `<a href="Train?run=${row.id}" data-open="${row.id}">${escaped(text)}</a>` : escaped(text);
    return `<td>${what}${small ? ` <small>${escaped(small)}</small>` : ""}</td>`;
  });
  const settings = shown.map((one) => `<td>${escaped(row.settings[one.index])}</td>`);
  const said = `compare ${escaped(row.cells[0][0])}, ${row.id}`;
  return `<tr data-run="${row.id}" title="${escaped(row.note)}">
    <td class="pick"><label><input type="checkbox" aria-label="${said}"><b class="letter"></b></label></td>
    <td><button class="star" data-star="${row.id}" aria-pressed="${row.star}" title="${row.star ? "Take the star away" : "Give it a star"}" aria-label="star ${escaped(row.cells[0][0])}, ${row.id}"
      >${row.star ? "★" : "☆"}</button></td>
    ${[...cells.slice(0, -1), ...settings, ...cells.slice(-1)].join("")}</tr>`;
}

// The focused element in the table, as a selector, because redrawing replaces the element.
function focusedPlace(root) {
  const at = root.querySelector("table").contains(document.activeElement) ? document.activeElement : null;
  if (!at) return null;
  if ("sort" in at.dataset) return `[data-sort="${at.dataset.sort}"]`;
  return `tr[data-run="${at.closest("tr").dataset.run}"] ${at.localName}`; // a box, a star and a link in each
}

function draw(table) {
  const { data, root } = table;
  table.focused = focusedPlace(root);
  const rows = visibleRows(table);
  const { shown, total } = settingsOf(table, rows);
  const fixed = data.columns.map((column, index) => heading(table, column.title, index, column.tip));
  const settings = shown.map((one) => heading(table, one.title, -one.index - 1, "A setting in which these runs differ"));
  const headings = [...fixed.slice(0, -1), ...settings, ...fixed.slice(-1)]; // when it began comes last
  root.querySelector("thead").innerHTML =
    `<tr><th scope="col"><span title="Compare">✓</span></th><th scope="col"><span title="Star">★</span></th>${headings.join("")}</tr>`;
  const body = root.querySelector("tbody");
  body.innerHTML = rows.slice(0, AT_FIRST).map((row) => line(row, shown)).join("");
  refocus(table);
  mark(table);
  follow(table, rows.slice(AT_FIRST), shown);
  const hidden = total - shown.length;
  const more = hidden > 0 ? `; ${hidden} more ${hidden === 1 ? "setting that differs is" : "settings that differ are"} not shown` : "";
  const number = rows.length === data.rows.length ? rows.length : `${rows.length} of ${data.rows.length}`;
  const noun = data.rows.length === 1 ? data.noun.replace(/s$/, "") : data.noun;
  root.querySelector(".number").textContent = `${number} ${noun}${more}`;
}

function refocus(table) {
  const again = table.focused && table.root.querySelector(table.focused);
  if (!again) return; // its row may be among those added later
  table.focused = null;
  if (document.activeElement === document.body) again.focus({ preventScroll: true });
}

// Add the rows that are out of sight after the first paint, unless something else is shown by then.
function follow(table, rows, shown) {
  const drawing = (table.drawing = {});
  const scroll = table.root.querySelector(".scroll").scrollTop;
  const add = () => {
    if (table.drawing !== drawing) return;
    table.root.querySelector("tbody").insertAdjacentHTML("beforeend", rows.map((row) => line(row, shown)).join(""));
    table.root.querySelector(".scroll").scrollTop = scroll;
    refocus(table);
    mark(table);
    reveal(table);
  };
  if (!rows.length) return;
  if (scroll > 0) add(); // the visitor is looking at them
  else requestAnimationFrame(() => setTimeout(add));
}

// Update letters and ticks of the compared runs: a tick changes a few rows, so the others are left alone.
function mark(table) {
  const { compared } = table.data;
  for (const tr of table.root.querySelectorAll("tr.chosen")) if (!(tr.dataset.run in compared)) letter(tr, "", "");
  for (const [id, [sign, colour]] of Object.entries(compared)) {
    const tr = table.root.querySelector(`tr[data-run="${id}"]`);
    if (tr) letter(tr, sign, colour);
  }
}

// Runs chosen by an experiment or a URL may be out of sight; those ticked by hand are not.
function reveal(table) {
  const ids = Object.keys(table.data.compared).join();
  const first = table.root.querySelector("tr.chosen");
  if (ids === table.revealed || (ids && !first)) return;
  table.revealed = ids;
  const leave = table.byHand || !table.data.reveal || !first;
  table.byHand = false;
  if (leave) return;
  const scroll = table.root.querySelector(".scroll");
  const top = first.offsetTop - table.root.querySelector("thead").offsetHeight;
  const isSeen = top >= scroll.scrollTop && top + 2 * first.offsetHeight <= scroll.scrollTop + scroll.clientHeight;
  if (!isSeen) scroll.scrollTop = top;
}

function letter(tr, sign, colour) {
  const mark = tr.querySelector(".letter");
  tr.classList.toggle("chosen", sign !== "");
  tr.querySelector("input").checked = sign !== "";
  mark.textContent = sign;
  mark.style.setProperty("--own", colour);
}

function sortBy(table, column) {
  const first = column > 0 && column < table.data.columns.length ? -1 : 1; // numbers: the highest first
  const before = table.sorted?.column === column ? table.sorted.direction : 0;
  table.sorted = before === 0 ? { column, direction: first } : before === first ? { column, direction: -first } : null;
  draw(table);
}

function mount(parent) {
  const root = parent.querySelector(".run-table");
  root.innerHTML = `<div class="tools"><input type="search" placeholder="Filter: name, state, setting ..." aria-label="Filter the runs">
    <label><input type="checkbox" class="only-compared"> ✓ only</label>
    <label><input type="checkbox" class="only-starred"> ★ only</label><span class="number" role="status"></span></div>
    <div class="scroll" tabindex="0" role="region" aria-label="Runs"><table><thead></thead><tbody></tbody></table></div>`;
  const table = { root, sorted: null, search: root.querySelector("input[type=search]") };
  table.starred = root.querySelector(".only-starred");
  table.compared = root.querySelector(".only-compared");
  table.search.oninput = table.starred.onchange = table.compared.onchange = () => draw(table);
  root.onclick = (event) => clicked(table, event);
  root.onchange = (event) => {
    const row = event.target.closest("tbody tr");
    if (!row) return;
    table.byHand = true;
    table.send("picked", row.dataset.run);
  };
  tables.set(parent, table);
  return table;
}

function clicked(table, event) {
  const target = event.target.closest("button, a");
  if (!target) return;
  if ("sort" in target.dataset) sortBy(table, Number(target.dataset.sort));
  if ("star" in target.dataset) table.send("starred", target.dataset.star);
  if ("open" in target.dataset && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
    event.preventDefault();
    table.send("opened", target.dataset.open);
  }
}

function unpacked(data) {
  const rows = JSON.parse(data.rows).map(([facts, settings]) => ({ ...facts, settings }));
  for (const row of rows) {
    row.words = [row.id, row.note, ...row.cells.map(([text]) => text), ...data.settings.map((name, index) => `${name} ${row.settings[index]}`)]
      .join(" ")
      .toLowerCase();
  }
  return { ...data, rows };
}

export default function runTable({ data, parentElement, setTriggerValue }) {
  const table = tables.get(parentElement) ?? mount(parentElement);
  table.send = setTriggerValue;
  const isNew = table.packed !== data.rows || String(table.data.settings) !== String(data.settings);
  if (isNew) {
    table.packed = data.rows;
    table.data = unpacked(data);
  } else Object.assign(table.data, { compared: data.compared, reveal: data.reveal });
  if (isNew || table.compared.checked) draw(table);
  else mark(table);
  reveal(table);
}
