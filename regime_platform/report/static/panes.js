"use strict";
/* The panes of a chart: price, strips, escalation, drawdown and volume of the shown series. */
const Panes = (() => {
  const library = window.LightweightCharts;
  const { number, percent, compact, variable } = Texts;
  const STRIP = 20; // height of a row
  const BUCKETS = ["LOW", "MED", "HIGH", "NA"];
  /* The names of levels, with their prices on wide screens, and the pixels that they need. */
  const named = (box, series) => {
    const isWide = box.clientWidth > 700;
    const levels = series.levels.map((level) => ({
      ...level,
      text: isWide ? `${level.name} ${Texts.axisPrice(series, level.price)}` : level.name,
      place: Series.placeOf(series.time, Math.max(level.start, series.time[0])),
    }));
    const widest = Math.max(0, ...levels.map(({ text }) => Layers.widthOf(text)));
    return { levels, room: Math.max(isWide ? 84 : 34, 18 + Math.ceil(widest)) };
  };
  const quiet = { lastValueVisible: false, priceLineVisible: false };

  const palette = (facts) => ({
    ...Object.fromEntries([...facts.regimes, ...BUCKETS, "IMMATURE"].map((name) =>
      [name, variable(name)])),
    ink: variable("ink"), quiet: variable("quiet"), ground: variable("ground"),
    link: variable("link"), rule: variable("rule"), faint: `${variable("rule")}88`,
    chosen: variable("quiet"),
    event: variable("quiet"), level: variable("level"), tint: variable("tint"),
  });

  const options = (series, room, colours) => ({
    autoSize: true,
    layout: {
      background: { color: colours.ground }, textColor: colours.ink, fontSize: 11,
      fontFamily: 'system-ui, "DejaVu Sans", sans-serif', attributionLogo: true,
      panes: { enableResize: false, separatorColor: colours.rule },
    },
    grid: { vertLines: { color: colours.faint }, horzLines: { color: colours.faint } },
    localization: { locale: "en-US", timeFormatter: (instant) => Texts.when(series, instant) },
    rightPriceScale: { borderColor: colours.rule, minimumWidth: 64, entireTextOnly: true },
    timeScale: {
      borderColor: colours.rule, minBarSpacing: 0.001, rightOffsetPixels: room, fixLeftEdge: true,
      timeVisible: series.intraday, tickMarkFormatter: Texts.tick, tickMarkMaxCharacterLength: 10,
    },
    crosshair: {
      mode: library.CrosshairMode.Normal,
      vertLine: { color: colours.quiet, labelBackgroundColor: colours.chosen },
      horzLine: { color: colours.quiet, labelBackgroundColor: colours.chosen },
    },
    // a finger that moves up or down scrolls the page
    handleScroll: { vertTouchDrag: false, mouseWheel: true },
    kineticScroll: { touch: true, mouse: false },
  });

  const points = (series, values, extra = () => ({})) =>
    series.time.map((time, at) => (values[at] === null || values[at] === undefined
      ? { time } : { time, value: values[at], ...extra(at) }));

  const addPrice = (chart, { facts, series, bars }, { levels, room }, colours) => {
    const format = {
      type: "custom", formatter: (value) => Texts.axisPrice(series, value),
      minMove: 10 ** -series.axisDigits,
    };
    const candles = chart.addSeries(library.CandlestickSeries, {
      ...quiet, priceFormat: format, upColor: colours.ground,
      downColor: colours.ink, borderUpColor: colours.ink, borderDownColor: colours.ink,
      wickUpColor: colours.ink, wickDownColor: colours.ink,
    });
    const line = chart.addSeries(library.LineSeries, {
      ...quiet, lastValueVisible: true, priceFormat: format, color: colours.ink, lineWidth: 1,
    });
    const { open, high, low, close } = bars;
    candles.setData(series.time.map((time, at) => (
      [open, high, low, close].some((values) => values[at] === null)
        ? { time }
        : { time, open: open[at], high: high[at], low: low[at], close: close[at] })));
    line.setData(points(series, close));
    candles.priceScale().applyOptions({
      mode: library.PriceScaleMode.Logarithmic, scaleMargins: { top: 0.1, bottom: 0.12 },
    });
    [
      Layers.bands(series.runs, (run) => colours[run.label] + colours.tint),
      Layers.levels(levels, room, colours.level, colours.ground),
      Layers.events(series.events, facts.kinds, colours),
      Layers.title("price, log axis", colours.quiet, `${colours.ground}b0`),
    ].forEach((layer) => line.attachPrimitive(layer));
    return { candles, line };
  };

  const addPane = (chart, kind, given, title, colours) => {
    const pane = chart.addPane();
    const added = pane.addSeries(kind, { ...quiet, ...given });
    added.priceScale().applyOptions({ mode: library.PriceScaleMode.Normal }); // not the price's
    const text = Layers.title(title, colours.quiet, `${colours.ground}b0`);
    if (title) added.attachPrimitive(text);
    return added;
  };

  const addStrips = (chart, { all, series }, colours) => {
    const silent = {
      lineVisible: false, crosshairMarkerVisible: false,
      priceFormat: { type: "custom", formatter: () => "", minMove: 1 },
      autoscaleInfoProvider: () => ({ priceRange: { minValue: 0, maxValue: 1 } }),
    };
    const pane = addPane(chart, library.LineSeries, silent, "", colours);
    pane.setData(points(series, series.time.map(() => 0)));
    const [first, end] = [series.time[0], series.end];
    const placeOf = (instant) => Series.placeOf(series.time, instant);
    const rows = all.map((each) => ({
      timeframe: each.timeframe,
      spans: each.runs.filter((run) => run.until > first && run.start < end).map((run) => ({
        label: run.label,
        first: each === series ? run.first : placeOf(Math.max(run.start, first)),
        end: each === series ? run.end : placeOf(run.until),
      })),
    }));
    pane.attachPrimitive(Layers.strips(rows, (run) => colours[run.label], STRIP, colours.ink));
  };

  const addEscalation = (chart, { series, bars }, colours) => {
    const range = { minValue: 0, maxValue: 1 };
    const isRanked = bars.escalation.some((rank) => rank !== null);
    const pane = addPane(chart, library.HistogramSeries, {
      priceFormat: {
        type: "custom", formatter: (value) => number(value, 2), minMove: 0.01,
        // between the two lines there is no room for others
        tickmarksFormatter: (values) =>
          values.map((value) => (value > 0.9 ? number(value, 2) : "")),
      },
      autoscaleInfoProvider: () => ({ priceRange: range }),
    }, `escalation percentile${isRanked ? "" : ": too few bars"}`, colours);
    const paint = (at) => ({ color: colours[bars.bucket[at] ?? "NA"] });
    pane.setData(points(series, bars.escalation, paint));
    pane.priceScale().applyOptions({ scaleMargins: { top: 0.16, bottom: 0 } });
    for (const [level, title] of [[0.6, "MED"], [0.85, "HIGH"]]) {
      pane.createPriceLine({
        price: level, title, color: colours.ink, lineWidth: 1,
        lineStyle: library.LineStyle.Dashed, axisLabelColor: colours.quiet,
        axisLabelTextColor: colours.ground,
      });
    }
    const immature = [];
    bars.immature.forEach((mark, at) => {
      const last = immature[immature.length - 1];
      if (mark && last?.end === at) last.end = at + 1;
      else if (mark) immature.push({ first: at, end: at + 1 });
    });
    pane.attachPrimitive(Layers.bands(immature, () => colours.IMMATURE));
  };

  const addDrawdown = (chart, { series, bars }, colours) => {
    const fill = `${colours.quiet}55`;
    const pane = addPane(chart, library.BaselineSeries, {
      baseValue: { type: "price", price: 0 }, lineWidth: 1, bottomLineColor: colours.quiet,
      bottomFillColor1: fill, bottomFillColor2: fill, topLineColor: colours.quiet,
      topFillColor1: fill, topFillColor2: fill,
      priceFormat: { type: "custom", formatter: (value) => percent(value, 0), minMove: 0.01 },
    }, "drawdown", colours);
    pane.setData(points(series, bars.drawdown));
    pane.priceScale().applyOptions({ scaleMargins: { top: 0.14, bottom: 0.12 } });
  };

  const addVolume = (chart, { series, bars }, colours) => {
    const pane = addPane(chart, library.HistogramSeries, {
      color: `${colours.quiet}90`,
      priceFormat: { type: "custom", formatter: compact, minMove: 1 },
    }, "volume", colours);
    pane.setData(points(series, bars.volume));
    pane.priceScale().applyOptions({ scaleMargins: { top: 0.2, bottom: 0 } });
  };

  /* Draws the shown series into `box`; the chart, and the two series of its price. */
  const draw = (box, shown) => {
    const { all, series } = shown;
    const [names, colours] = [named(box, series), palette(shown.facts)];
    const chart = library.createChart(box, options(series, names.room, colours));
    const price = addPrice(chart, shown, names, colours);
    addStrips(chart, shown, colours);
    addEscalation(chart, shown, colours);
    addDrawdown(chart, shown, colours);
    if (series.hasVolume) addVolume(chart, shown, colours);
    const below = [STRIP * all.length + 8, 110, 76, ...(series.hasVolume ? [66] : [])];
    const rest = box.clientHeight - 28 - below.reduce((sum, height) => sum + height, 0);
    chart.panes().forEach((pane, at) => pane.setStretchFactor(at ? below[at - 1] : rest));
    return { chart, room: names.room, ...price };
  };

  return { draw, palette };
})();
