"use strict";
/* The chart of a symbol's page: timeframes, the visible range, pointer, touch and keyboard. */
(() => {
  const byId = (id) => document.getElementById(id);
  const box = byId("chart");
  const CANDLE = 3; // pixels per bar from which candles are drawn instead of a line
  const { number, make } = Texts;
  /* What is shown: words of the page, every series, the shown one and its values. */
  const shown = { facts: JSON.parse(byId("facts").textContent), all: [], series: null, bars: null };
  let drawn = null; // the chart and the series of its price
  let chosen = 0; // the bar whose values are shown while nothing is pointed at
  let isPlaced = false; // whether the crosshair stands on it

  const count = () => shown.series.time.length;
  const opens = (at) => Texts.when(shown.series, shown.series.time[at]);
  const scale = () => drawn.chart.timeScale();

  /* ---- the visible range ---- */

  const visible = () => {
    const range = scale().getVisibleLogicalRange() ?? { from: 0, to: 1 };
    return {
      from: Math.max(0, Math.ceil(range.from)), to: Math.min(count() - 1, Math.floor(range.to)),
    };
  };

  const follow = (range) => {
    if (!range) return;
    const { candles, line } = drawn;
    const isWide = scale().width() / (range.to - range.from) >= CANDLE;
    if (candles.options().visible !== isWide) candles.applyOptions({ visible: isWide });
    if (line.options().lineVisible === isWide) {
      // what hangs on the line is drawn whether the line itself is or not
      line.applyOptions({ lineVisible: !isWide, crosshairMarkerVisible: !isWide });
    }
    const { from, to } = visible();
    if (to < from) return;
    byId("span").textContent = `${opens(from)} to ${opens(to)}, ${number(to - from + 1, 0)} bars`;
    box.dataset.drawn = isWide ? "candles" : "line";
    Overview.window(from, to);
    place();
    refreshBars();
  };

  const look = (from, to) => {
    // room for the names of the levels beside the last bar
    const room = (drawn.room * (to - from)) / Math.max(100, scale().width() - drawn.room);
    const isEnd = to >= count() - 1;
    scale().setVisibleLogicalRange({ from: from - 0.5, to: to + (isEnd ? room : 0.5) });
  };

  /* The crosshair on the chosen bar: where the range changes it would slip to another. */
  const place = () => requestAnimationFrame(() => {
    const close = shown.bars.close[chosen];
    if (close !== null && isPlaced) {
      drawn.chart.setCrosshairPosition(close, shown.series.time[chosen], drawn.line);
    }
  });

  const point = ({ logical, sourceEvent }) => {
    if (sourceEvent) isPlaced = false;
    showBar(isPlaced ? chosen : placed(logical) ?? chosen);
  };

  const zoom = (factor) => {
    const { from, to } = visible();
    const wide = Math.min(count(), Math.max(8, (to - from + 1) * factor));
    const centre = chosen >= from && chosen <= to ? (chosen - from) / Math.max(1, to - from) : 1;
    const anchor = from + centre * (to - from);
    const start = Math.min(Math.max(0, anchor - centre * (wide - 1)), Math.max(0, count() - wide));
    look(Math.round(start), Math.min(count() - 1, Math.round(start + wide - 1)));
  };

  const DAY = 86400;
  const SPANS = [["1W", 7], ["1M", 31], ["6M", 183], ["1Y", 366], ["5Y", 1827], ["All", Infinity]];
  const startOf = (days) =>
    Math.min(Series.barAt(shown.series.time, shown.series.end - days * DAY), count() - 1);

  const addSpans = () => {
    const fits = ([, days]) => days === Infinity
      || (count() - startOf(days) >= 15 && startOf(days) > 0);
    byId("spans").replaceChildren(...SPANS.filter(fits).map(([name, days]) => {
      const button = make("button", name, { type: "button" });
      button.addEventListener("click", () => look(startOf(days), count() - 1));
      return button;
    }));
  };

  /* ---- the values of a bar ---- */

  const showBar = (at) => {
    const { line, values, events, sentence } = Values.describe(shown, at);
    byId("readout").replaceChildren(...line);
    byId("bar").replaceChildren(...values);
    byId("at-bar").replaceChildren(...events);
    return sentence;
  };

  const choose = (at, isSpoken = false) => {
    chosen = Math.min(Math.max(at, 0), count() - 1);
    const { from, to } = visible();
    if (chosen < from || chosen > to) {
      const wide = to - from;
      const start = chosen < from ? chosen - wide / 4 : chosen - (3 * wide) / 4;
      const first = Math.max(0, Math.min(Math.round(start), count() - 1 - wide));
      look(first, first + wide);
    }
    const sentence = showBar(chosen);
    isPlaced = true;
    place();
    if (isSpoken) byId("spoken").textContent = sentence;
  };

  const placed = (logical) => {
    const at = Math.round(logical ?? -1);
    return at >= 0 && at < count() ? at : null;
  };

  const page = () => Math.max(1, visible().to - visible().from);
  const keys = {
    ArrowLeft: (event) => choose(chosen - (event.shiftKey ? 10 : 1), true),
    ArrowRight: (event) => choose(chosen + (event.shiftKey ? 10 : 1), true),
    PageUp: () => choose(chosen - page(), true),
    PageDown: () => choose(chosen + page(), true),
    Home: () => choose(0, true),
    End: () => choose(count() - 1, true),
    "+": () => zoom(0.5),
    "=": () => zoom(0.5),
    "-": () => zoom(2),
  };
  box.addEventListener("keydown", (event) => {
    const act = event.ctrlKey || event.metaKey || event.altKey ? null : keys[event.key];
    if (!act) return;
    event.preventDefault();
    act(event);
  });

  // not by the library's clicks: of two quick taps it takes the second for a half of a double one
  let pressed = null;
  box.addEventListener("pointerdown", (event) => { pressed = event; });
  box.addEventListener("pointerup", (event) => {
    const isDrag = !pressed
      || Math.hypot(event.clientX - pressed.clientX, event.clientY - pressed.clientY) > 8;
    pressed = null;
    const x = event.clientX - box.getBoundingClientRect().left - box.clientLeft;
    if (isDrag || x >= scale().width()) return;
    const at = placed(scale().coordinateToLogical(x));
    if (at !== null) choose(at);
  });
  byId("closer").addEventListener("click", () => zoom(0.5));
  byId("wider").addEventListener("click", () => zoom(2));

  /* ---- tables: the same for those who read instead of look ---- */

  const jump = (text, at) => {
    const button = make("button", text, { type: "button", className: "jump" });
    button.addEventListener("click", () => {
      choose(at, true);
      box.focus();
    });
    return button;
  };
  const tables = [...document.querySelectorAll("details[data-table]")];
  const tableOf = (name) => tables.find((details) => details.dataset.table === name);
  const fill = (details) => {
    if (!details.open) return;
    const filled = Values.tables[details.dataset.table](shown, { jump, visible });
    details.lastElementChild.replaceChildren(filled);
  };
  let settling = 0;
  const refreshBars = () => {
    clearTimeout(settling);
    settling = setTimeout(() => fill(tableOf("bars")), 150);
  };
  tables.forEach((details) => details.addEventListener("toggle", () => fill(details)));

  /* ---- timeframes ---- */

  const drawOverview = () =>
    Overview.draw(shown.bars.close, shown.series.runs, Panes.palette(shown.facts));

  const draw = () => {
    drawn?.chart.remove();
    drawn = Panes.draw(box, shown);
    drawn.chart.subscribeCrosshairMove(point);
    scale().subscribeVisibleLogicalRangeChange(follow);
    drawOverview();
  };

  /* Decimals that tell the prices of an axis apart, the last of which is `close`. */
  const axisDigits = (close) => {
    if (close >= 100000) return 0;
    return close >= 5 || !close ? 2 : Math.max(5, 3 - Math.floor(Math.log10(close)));
  };

  const prepare = (series, bars) => {
    const { digits } = series.values.columns.find(({ name }) => name === "close");
    series.digits = Math.max(2, digits);
    series.axisDigits = Math.min(series.digits, axisDigits(bars.close[bars.close.length - 1]));
    series.events ??= series.markers.map((marker) => ({
      ...marker,
      place: Series.placeOf(series.time, marker.start),
      last: Series.placeOf(series.time, marker.end ?? marker.start),
    }));
  };

  const tabs = [...document.querySelectorAll("#tabs button")];

  const show = async (timeframe) => {
    tabs.forEach((tab) => {
      const isShown = tab.dataset.timeframe === timeframe;
      tab.setAttribute("aria-selected", String(isShown));
      tab.tabIndex = isShown ? 0 : -1;
    });
    const series = shown.all.find((each) => each.timeframe === timeframe);
    const bars = await series.bars();
    // another one may have been asked for meanwhile
    if (byId(`tab-${timeframe}`).tabIndex !== 0) return;
    prepare(series, bars);
    Object.assign(shown, { series, bars });
    byId("stage").setAttribute("aria-labelledby", `tab-${timeframe}`);
    box.setAttribute("aria-label", `chart of ${shown.facts.symbol}, ${timeframe}`);
    byId("note").textContent = series.note;
    tableOf("events").hidden = series.events.length === 0;
    tableOf("levels").hidden = series.levels.length === 0;
    [chosen, isPlaced] = [count() - 1, false];
    draw();
    addSpans();
    // as many as there is room for candles
    look(Math.max(0, count() - (box.clientWidth > 700 ? 252 : 70)), count() - 1);
    showBar(chosen);
    tables.forEach(fill);
  };

  tabs.forEach((tab, at) => {
    tab.addEventListener("click", () => show(tab.dataset.timeframe));
    tab.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (!step) return;
      event.preventDefault();
      const next = tabs[(at + step + tabs.length) % tabs.length];
      next.focus();
      next.click();
    });
  });
  Overview.listen(look);
  window.addEventListener("resize", () => drawn && drawOverview());
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    const { from, to } = visible();
    draw();
    look(from, to);
  });

  const begin = async () => {
    const elements = [...document.querySelectorAll("script[data-series]")];
    shown.all = await Promise.all(elements.map(Series.read));
    await show(shown.facts.first);
    document.documentElement.dataset.ready = "true";
  };
  begin().catch((error) => {
    byId("note").textContent = `The chart cannot be drawn by this browser: ${error.message}.`;
  });
})();
