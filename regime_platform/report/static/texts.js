"use strict";
/* How values are written on a page of charts, and the elements that they stand in. */
const Texts = (() => {
  const number = (value, digits, signs = "auto", least = digits) =>
    value.toLocaleString("en-US", {
      minimumFractionDigits: least, maximumFractionDigits: digits, signDisplay: signs,
    });
  const percent = (value, digits, signs) => `${number(100 * value, digits, signs)}%`;
  const compact = (value) =>
    value.toLocaleString("en-US", { notation: "compact", maximumSignificantDigits: 3 });
  /* A price of a series, and the same on its axis. */
  const price = (series, value) => number(value, series.digits, "auto", 2);
  const axisPrice = (series, value) => number(value, series.axisDigits);
  const when = (series, instant) => {
    const text = new Date(1000 * instant).toISOString();
    return series.intraday ? text.slice(0, 16).replace("T", " ") : text.slice(0, 10);
  };
  const tick = (instant, kind) => {
    const text = new Date(1000 * instant).toISOString();
    return [text.slice(0, 4), text.slice(0, 7), text.slice(0, 10)][kind] ?? text.slice(11, 16);
  };
  const variable = (name) => getComputedStyle(document.documentElement)
    .getPropertyValue(`--${name}`).trim();
  const make = (tag, text = "", values = {}) =>
    Object.assign(document.createElement(tag), { textContent: text }, values);
  const swatch = (name) => {
    const mark = make("i", "", { className: "swatch" });
    mark.style.background = `var(--${name})`;
    return mark;
  };

  const table = (heads, rows) => {
    const element = make("table");
    const head = element.createTHead().insertRow();
    heads.forEach((name) => head.append(make("th", name, { scope: "col" })));
    const body = element.createTBody();
    rows.forEach((cells) => {
      const row = body.insertRow();
      cells.forEach((cell) => row.insertCell().append(cell ?? ""));
    });
    return element;
  };

  return { number, percent, compact, price, axisPrice, when, tick, variable, make, swatch, table };
})();
