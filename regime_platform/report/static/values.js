"use strict";
/* The values of bars in words: beside the chart, spoken, and in the tables below it. */
const Values = (() => {
  const MOST_ROWS = 200;
  const { number, percent, compact, make, swatch, table } = Texts;
  const readable = (facts, code) => facts.words[code] ?? code;

  /* Title and text of each value of a bar. */
  const rowsOf = ({ facts, series, bars }, at) => {
    const value = (name, text) => (bars[name]?.[at] ?? null) === null ? null : text(bars[name][at]);
    const price = (amount) => Texts.price(series, amount);
    const word = (code) => readable(facts, code);
    const rank = value("rankBars", (count) => `on ${number(count, 0)} bars`);
    return [
      ...["open", "high", "low", "close"].map((name) => [name, value(name, price)]),
      ["change", value("change", (change) => percent(change, 2, "exceptZero"))],
      ...(series.hasVolume ? [["volume", value("volume", compact)]] : []),
      ["drawdown", value("drawdown", (depth) => percent(depth, 1))],
      ["escalation", value("escalation", (rank) => `${number(rank, 3)} ${bars.bucket[at]}`)],
      ["ranked", rank && rank + (bars.immature[at] ? ", immature" : "")],
      ["bias", value("bias", word)],
      ["posture", value("posture", word)],
      ...facts.values.map(({ name, title, digits, signed }) =>
        [title, value(name, (x) => number(x, digits, signed ? "exceptZero" : "auto"))]),
    ];
  };

  const eventsAt = ({ series }, at) => series.events.filter((event) =>
    Math.ceil(event.place) <= at && at <= Math.max(event.last, Math.ceil(event.place)));

  /* The name of a regime with its colour. */
  const regime = ({ facts }, label, tag = "span") => {
    const cell = make(tag, label ? readable(facts, label) : "no regime");
    if (label) cell.prepend(swatch(label));
    return cell;
  };

  /* A bar as the line above the chart, as its list of values, and as a sentence. */
  const describe = (shown, at) => {
    const { series } = shown;
    const rows = Object.fromEntries(rowsOf(shown, at));
    const opens = Texts.when(series, series.time[at]);
    const label = regime(shown, series.regime[at], "b");
    const score = rows.escalation ? `escalation ${rows.escalation}` : "no escalation";
    const close = rows.close ?? "no price";
    const events = eventsAt(shown, at).map((event) => event.text);
    return {
      line: [make("time", opens), label, make("span", `${close} ${rows.change ?? ""}`),
        make("span", score)],
      values: Object.entries(rows).map(([name, text]) => {
        const row = make("div");
        row.append(make("dt", name), make("dd", text ?? "none"));
        return row;
      }),
      events: events.map((text) => make("li", text)),
      sentence: [`${opens}, ${label.textContent}, close ${close}, ${score}`, ...events].join(". "),
    };
  };

  /* As `regime history --runs`: from the close before the first bar, if that bar has a regime. */
  const measured = ({ series, bars }, { first, end }) => {
    const entry = bars.close[first > 0 && series.regime[first - 1] ? first - 1 : first];
    let [peak, fall] = [entry, 0];
    for (let at = first; at < end; at += 1) {
      peak = Math.max(peak, bars.close[at]);
      fall = Math.min(fall, bars.close[at] / peak - 1);
    }
    return { change: bars.close[end - 1] / entry - 1, fall };
  };

  /* Each table; `jump(text, at)` is a button that leads to a bar, `visible()` the bars in view. */
  const tables = {
    runs: (shown, { jump }) => table(
      ["since", "until", "regime", "bars", "return", "max drawdown", "why"],
      shown.series.runs.slice(-MOST_ROWS).reverse().map((run, ago) => {
        const { change, fall } = measured(shown, run);
        const { time, reasons } = shown.series;
        const [since, until] = [run.first, run.end - 1].map((at) =>
          Texts.when(shown.series, time[at]));
        return [jump(since, run.first), until, regime(shown, run.label),
          number(run.end - run.first, 0), percent(change, 1, "exceptZero"),
          percent(fall, 1), reasons.at(-1 - ago)];
      })),
    events: ({ series }, { jump }) => table(["from", "event", "what it is"],
      series.events.slice(-MOST_ROWS).reverse().map((event) => {
        const text = event.link ? make("a", event.text, { href: event.link }) : event.text;
        const at = Math.min(Math.ceil(event.place), series.time.length - 1);
        return [jump(Texts.when(series, event.start), at), event.label, text];
      })),
    levels: ({ series, bars }) => table(["level", "price", "strength", "from the last close"],
      series.levels.map(({ name, price: at, strength }) => {
        const last = bars.close[series.time.length - 1];
        return [name, Texts.price(series, at), number(strength, 2),
          percent(at / last - 1, 1, "exceptZero")];
      })),
    bars: (shown, { visible }) => {
      const { series } = shown;
      const { from, to } = visible();
      const rows = [];
      for (let at = to; at >= from && rows.length < MOST_ROWS; at -= 1) {
        const row = Object.fromEntries(rowsOf(shown, at));
        rows.push([Texts.when(series, series.time[at]), regime(shown, series.regime[at]),
          row.close, row.change, row.escalation ?? "none", row.drawdown]);
      }
      return table(["bar", "regime", "close", "change", "escalation", "drawdown"], rows);
    },
  };

  return { describe, tables };
})();
