// Words of cells by pointer, tap and arrow keys; shares of a date below each plot.
"use strict";

const words = document.getElementById("words");
const cellOf = (event) => (event.target instanceof Element ? event.target.closest("button.cell") : null);
const show = (cell) => { words.textContent = cell ? cell.getAttribute("aria-label") : ""; };

document.addEventListener("pointerover", (event) => {
  const cell = cellOf(event);
  if (cell || event.pointerType === "mouse") show(cell || document.activeElement.closest("button.cell"));
});
document.addEventListener("click", (event) => show(cellOf(event)));
document.addEventListener("focusin", (event) => show(cellOf(event)));
document.addEventListener("focusout", () => show(null));

// one cell of a group is reached by Tab, the others by the arrow keys
const cellsOf = (line) => [...line.querySelectorAll("button.cell")];
for (const group of document.querySelectorAll(".cells")) {
  const cells = [...group.querySelectorAll("button.cell")];
  cells.slice(1).forEach((cell) => { cell.tabIndex = -1; });
  group.addEventListener("keydown", (event) => {
    const cell = cellOf(event);
    const to = cell && target(cell, event.key, cells);
    if (!to) return;
    event.preventDefault();
    cells.forEach((each) => { each.tabIndex = each === to ? 0 : -1; });
    to.focus();
  });
}

function target(cell, key, cells) {
  const at = cells.indexOf(cell);
  if (key === "ArrowRight") return cells[at + 1];
  if (key === "ArrowLeft") return cells[at - 1];
  if (key === "Home") return cells[0];
  if (key === "End") return cells[cells.length - 1];
  if (key !== "ArrowDown" && key !== "ArrowUp") return null;
  // what stands nearest above or below, whatever the number of columns on this screen
  const box = cell.getBoundingClientRect();
  const isBelow = key === "ArrowDown";
  let best = null;
  let least = Infinity;
  for (const each of cells) {
    const other = each.getBoundingClientRect();
    const down = isBelow ? other.top - box.top : box.top - other.top;
    const distance = down * 4 + Math.abs(other.left - box.left);
    if (down > box.height / 2 && distance < least) [best, least] = [each, distance];
  }
  return best;
}

for (const figure of document.querySelectorAll("figure.breadth")) {
  const { dates, counts, shares } = JSON.parse(figure.querySelector("script").textContent);
  const plot = figure.querySelector(".plot");
  const cursor = figure.querySelector(".cursor");
  const range = figure.querySelector("input");
  const output = figure.querySelector("output");
  const days = dates.map((date) => Date.parse(date) / 86400000);
  const end = days[days.length - 1] + Number(figure.dataset.step);
  const place = (at) => (days[at] - days[0]) / (end - days[0]);
  const read = () => {
    const at = Number(range.value);
    cursor.hidden = false;
    cursor.style.left = `${place(at) * 100}%`;
    const parts = Object.entries(shares).filter(([, series]) => series[at] > 0);
    output.replaceChildren(
      span(`${dates[at]}, ${counts[at].toLocaleString("en")} symbols`),
      ...parts.map(([code, series]) => span(`${code} ${series[at]} %`)));
    range.setAttribute("aria-valuetext", output.textContent);
  };
  range.addEventListener("input", read);
  plot.addEventListener("pointermove", (event) => {
    const box = plot.getBoundingClientRect();
    const day = days[0] + (event.clientX - box.left) / box.width * (end - days[0]);
    const after = days.findIndex((each) => each > day);
    range.value = String(after === -1 ? days.length - 1 : Math.max(after - 1, 0));
    read();
  });
  plot.addEventListener("pointerdown", (event) => plot.dispatchEvent(new PointerEvent("pointermove", event)));
}

function span(text) {
  const element = document.createElement("span");
  element.textContent = text;
  return element;
}
