// Sorts and filters tables; without it they are complete, in their first order.
// A section[data-filtered] has controls with data-filter and a table. A control "text" looks into
// the text of a row; any other compares its value with the row's data attribute of that name.
// A heading with a button sorts by data-value of the cells, else by their text: first its
// data-first way, then the other, then the first order again. Empty cells are always last.
(() => {
  "use strict";
  const WAYS = { ascending: 1, descending: -1 };
  const words = new Intl.Collator("en", { numeric: true });

  const valueOf = (row, column) => {
    const cell = row.cells[column];
    return cell.dataset.value ?? cell.textContent.trim();
  };
  const compare = (left, right) => {
    const difference = Number(left) - Number(right);
    return Number.isNaN(difference) ? words.compare(left, right) : difference;
  };
  const isEmpty = (text) => text === "" || text === "·";

  const sortBy = (table, first, heading) => {
    const before = heading.getAttribute("aria-sort");
    const start = heading.dataset.first;
    const back = start === "ascending" ? "descending" : "ascending";
    const way = { none: start, [start]: back, [back]: "none" }[before];
    table.querySelectorAll("th[aria-sort]").forEach((each) => each.setAttribute("aria-sort", "none"));
    heading.setAttribute("aria-sort", way);
    const keyed = first.map((row) => ({ row, key: valueOf(row, heading.cellIndex) }));
    if (way !== "none") {
      keyed.sort((left, right) =>
        isEmpty(left.key) - isEmpty(right.key) ||
        (isEmpty(left.key) ? 0 : WAYS[way] * compare(left.key, right.key)));
    }
    table.tBodies[0].append(...keyed.map(({ row }) => row));
  };

  const matches = (row, text, control) => {
    const wanted = control.value.trim();
    const name = control.dataset.filter;
    if (wanted === "") return true;
    if (name === "text") {
      return wanted.toLowerCase().split(/\s+/).every((word) => text.includes(word));
    }
    const actual = row.getAttribute(`data-${name}`);
    return control.dataset.compare === "from" ? actual >= wanted : actual === wanted;
  };

  document.querySelectorAll("[data-filtered]").forEach((section) => {
    const table = section.querySelector("table");
    const rows = [...table.tBodies[0].rows];
    const texts = rows.map((row) => row.textContent.toLowerCase());
    const controls = [...section.querySelectorAll("[data-filter]")];
    const count = section.querySelector("output");
    const narrow = () => {
      let shown = 0;
      rows.forEach((row, place) => {
        row.hidden = !controls.every((control) => matches(row, texts[place], control));
        shown += row.hidden ? 0 : 1;
      });
      const all = rows.length.toLocaleString("en");
      count.value = shown === rows.length ? `${all} rows` : `${shown.toLocaleString("en")} of ${all} rows`;
    };
    controls.forEach((control) => control.addEventListener("input", narrow));
    section.querySelector("form").addEventListener("submit", (event) => event.preventDefault());
    table.querySelectorAll("th[aria-sort]").forEach((heading) =>
      heading.querySelector("button").addEventListener("click", () => sortBy(table, rows, heading)));
    narrow(); // a browser keeps what was typed when the page is loaded again
  });
})();
