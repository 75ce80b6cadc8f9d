"use strict";
/* The series of a page: their packed columns (see `report/packing.py`), and where instants are. */
const Series = (() => {
  const inflated = async (text) => {
    const packed = Uint8Array.from(atob(text), (sign) => sign.charCodeAt(0));
    const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
    return new Uint8Array(await new Response(stream).arrayBuffer());
  };

  const column = (head, bytes, offset, rows) => {
    const values = new Array(rows);
    let code = 0;
    for (let row = 0; row < rows; row += 1) {
      let step = 0;
      for (let plane = head.width - 1; plane >= 0; plane -= 1) {
        step = step * 256 + bytes[offset + plane * rows + row];
      }
      code += step % 2 ? -(step + 1) / 2 : step / 2;
      values[row] = code === 0 ? null : valueOf(head, code);
    }
    return values;
  };

  const valueOf = (head, code) => {
    if (head.words) return head.words[code - 1];
    const whole = code - 1 + head.base;
    if (head.steps) return Math.expm1(whole / head.steps);
    return head.digits ? whole / 10 ** head.digits : whole;
  };

  const unpacked = async (packed) => {
    const bytes = await inflated(packed.data);
    const columns = {};
    let offset = 0;
    for (const head of packed.columns) {
      columns[head.name] = column(head, bytes, offset, packed.rows);
      offset += head.width * packed.rows;
    }
    return columns;
  };

  /* How far each close is below the highest one up to it. */
  const withDrawdown = (bars, before) => {
    let peak = before;
    const drawdown = bars.close.map((close) => {
      if (close === null) return null;
      peak = Math.max(peak ?? close, close);
      return close / peak - 1;
    });
    return { ...bars, drawdown };
  };

  /* Unbroken runs of a regime: from the bar `first` to the one before `end`. */
  const runsOf = (labels) => {
    const runs = [];
    labels.forEach((label, at) => {
      const last = runs[runs.length - 1];
      if (last && last.label === label && last.end === at) last.end = at + 1;
      else if (label !== null) runs.push({ label, first: at, end: at + 1 });
    });
    return runs;
  };

  /* The first bar that opens at `instant` or later; the number of bars where none does. */
  const barAt = (times, instant) => {
    let [low, high] = [0, times.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (times[middle] < instant) low = middle + 1;
      else high = middle;
    }
    return low;
  };

  /* Where an instant is among bars: between two it has a fraction, outside it is the edge. */
  const placeOf = (times, instant) => {
    const next = barAt(times, instant);
    if (next === 0 || next === times.length || times[next] === instant) return next;
    const before = times[next - 1];
    return next - 1 + (instant - before) / (times[next] - before);
  };

  const read = async (element) => {
    const series = JSON.parse(element.textContent);
    const strip = await unpacked(series.strip);
    const runs = runsOf(strip.regime);
    const end = strip.time[strip.time.length - 1] + series.seconds;
    const startOf = (at) => (at < strip.time.length ? strip.time[at] : end);
    for (const run of runs) [run.start, run.until] = [startOf(run.first), startOf(run.end)];
    let values = null;
    return {
      ...series,
      ...strip,
      runs,
      end,
      /* The values of each bar, unpacked when they are asked for. */
      bars: async () => (values ??= withDrawdown(await unpacked(series.values), series.peak)),
    };
  };

  return { read, barAt, placeOf };
})();
