"use strict";
/* What the chart library has no series for: regime bands, strips, key levels, shading, events. */
const Layers = (() => {
  const FONT = '11px system-ui, "DejaVu Sans", sans-serif';

  const ruler = document.createElement("canvas").getContext("2d");
  const widthOf = (text) => {
    ruler.font = FONT;
    return ruler.measureText(text).width;
  };

  /* A layer of a pane: `draw(context, size, scale)`, where `scale.x(place)` takes its number. */
  const layer = (zOrder, draw, labels = () => []) => {
    let host = null;
    const scale = {
      // the library knows whole bars only
      x: (place) => {
        const at = Math.floor(place);
        const [left, right] = [at, at + 1].map((bar) =>
          host.chart.timeScale().logicalToCoordinate(bar));
        return left + (place - at) * (right - left);
      },
      y: (price) => host.series.priceToCoordinate(price),
      range: () => host.chart.timeScale().getVisibleLogicalRange(),
    };
    const paint = ({ context, mediaSize }) => {
      if (!host || !scale.range()) return;
      context.font = FONT;
      context.textBaseline = "middle";
      draw(context, mediaSize, scale);
    };
    const view = {
      zOrder: () => zOrder,
      renderer: () => ({ draw: (target) => target.useMediaCoordinateSpace(paint) }),
    };
    return {
      attached: (given) => { host = given; },
      detached: () => { host = null; },
      paneViews: () => [view],
      priceAxisViews: labels,
    };
  };

  /* Stretches of bars [first, end) that are in view, with their edges in pixels. */
  const edges = (spans, scale, size) => {
    const { from, to } = scale.range();
    return spans
      .filter((span) => span.end > from - 1 && span.first < to + 1)
      .map((span) => {
        const left = Math.max(-1, scale.x(span.first - 0.5));
        const right = Math.min(size.width + 1, scale.x(span.end - 0.5));
        return { span, left, width: Math.max(0.6, right - left) };
      });
  };

  const bands = (spans, colourOf) =>
    layer("bottom", (context, size, scale) => {
      for (const { span, left, width } of edges(spans, scale, size)) {
        context.fillStyle = colourOf(span);
        context.fillRect(left, 0, width, size.height);
      }
    });

  /* One row of regimes per timeframe; their names stand on the price axis. */
  const strips = (rows, colourOf, height, ink) => {
    const middle = (at) => 4 + height * (at + 0.5);
    const names = rows.map((row, at) => ({
      coordinate: () => middle(at),
      text: () => row.timeframe,
      textColor: () => ink,
      backColor: () => "transparent",
      tickVisible: () => false,
    }));
    const draw = (context, size, scale) =>
      rows.forEach((row, at) => {
        for (const { span, left, width } of edges(row.spans, scale, size)) {
          context.fillStyle = colourOf(span);
          context.fillRect(left, middle(at) - height / 2 + 1.5, width, height - 3);
        }
      });
    return layer("normal", draw, () => names);
  };

  const written = (context, text, x, y, ink, ground) => {
    const { width } = context.measureText(text);
    context.fillStyle = ground;
    context.fillRect(x - 3, y - 8, width + 6, 16);
    context.fillStyle = ink;
    context.fillText(text, x, y);
    return width;
  };

  const title = (text, ink, ground) =>
    layer("top", (context) => written(context, text, 6, 11, ink, ground));

  /* Key levels from the first bar that they come from to the edge, and their names beside it. */
  const levels = (rows, room, ink, ground) =>
    layer("top", (context, size, scale) => {
      const shown = rows
        .map((row) => ({ ...row, y: scale.y(row.price) }))
        .filter(({ y }) => y !== null && y > 0 && y < size.height)
        .sort((one, other) => one.y - other.y);
      // names that would end below the pane stand higher
      const limits = shown.map((_, at) => size.height - 8 - 14 * (shown.length - 1 - at));
      let free = 8;
      for (const [at, { text, strength, place, y }] of shown.entries()) {
        context.strokeStyle = ink;
        context.globalAlpha = 0.45 + 0.55 * strength;
        line(context, [Math.max(0, scale.x(place)), y], [size.width - room + 6, y], [6, 4]);
        context.globalAlpha = 1;
        free = Math.max(Math.min(y, limits[at]), free);
        written(context, text, size.width - room + 12, free, ink, ground);
        free += 14;
      }
    });

  const line = (context, from, to, dash) => {
    context.setLineDash(dash);
    context.beginPath();
    context.moveTo(...from.map((part) => Math.round(part) + 0.5));
    context.lineTo(...to.map((part) => Math.round(part) + 0.5));
    context.stroke();
    context.setLineDash([]);
  };

  /* Eras and splits as lines with their names; all other events as signs at the bottom. */
  const events = (markers, kinds, colours) =>
    layer("top", (context, size, scale) => {
      const { from, to } = scale.range();
      const shown = markers.filter(({ place, last }) => last >= from - 1 && place <= to + 1);
      const free = { era: -Infinity, split: -Infinity };
      for (const { kind, place, label } of shown.filter(({ kind }) => kind in free)) {
        const x = scale.x(place - 0.5);
        context.strokeStyle = colours.quiet;
        line(context, [x, 0], [x, size.height], kind === "era" ? [1, 3] : [4, 4]);
        if (x < free[kind]) continue;
        const y = kind === "era" ? 28 : size.height - 30;
        free[kind] = x + 12 + written(context, label, x + 5, y, colours.ink, colours.ground);
      }
      signs(context, size, scale, shown.filter(({ kind }) => !(kind in free)), kinds, colours);
    });

  const signs = (context, size, scale, markers, kinds, colours) => {
    const y = size.height - 10;
    let edge = -Infinity;
    for (const { kind, place, last } of markers) {
      const [left, right] = [scale.x(place), scale.x(last)];
      context.fillStyle = colours.event;
      if (right - left > 2) context.fillRect(left, y - 1.5, right - left, 3);
      if (left < edge) continue; // its neighbour's sign stands for it until the zoom parts them
      edge = left + 15;
      context.beginPath();
      context.arc(left, y, 7, 0, 2 * Math.PI);
      context.fill();
      context.fillStyle = colours.ground;
      context.textAlign = "center";
      context.fillText(kinds[kind].sign, left, y + 0.5);
      context.textAlign = "left";
    }
  };

  return { bands, strips, title, levels, events, widthOf };
})();
