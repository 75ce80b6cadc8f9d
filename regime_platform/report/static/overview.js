"use strict";
/* The whole series in a small picture with the visible part framed, to drag and to widen. */
const Overview = (() => {
  const canvas = document.getElementById("overview");
  const HANDLE = 10; // pixels
  let count = 0;
  let shown = { from: 0, to: 0 };
  let picture = null; // of the series, without the frame
  let colours = {};
  let move = () => {};

  const draw = (closes, runs, given) => {
    count = closes.length;
    colours = given;
    const ratio = window.devicePixelRatio;
    const [width, height] = [canvas.clientWidth, canvas.clientHeight];
    if (!width) return; // nothing to draw on, as in a window that is being closed
    [canvas.width, canvas.height] = [width * ratio, height * ratio];
    picture = document.createElement("canvas");
    [picture.width, picture.height] = [canvas.width, canvas.height];
    const context = picture.getContext("2d");
    context.scale(ratio, ratio);
    const x = (at) => (at / count) * width;
    for (const { label, first, end } of runs) {
      context.fillStyle = colours[label];
      context.fillRect(x(first), height - 7, Math.max(0.6, x(end) - x(first)), 7);
    }
    const logs = closes.map((close) => (close > 0 ? Math.log(close) : null));
    const known = logs.filter((each) => each !== null);
    const low = known.reduce((least, each) => Math.min(least, each), Infinity);
    const high = known.reduce((most, each) => Math.max(most, each), -Infinity);
    const y = (log) => height - 12 - ((log - low) / (high - low || 1)) * (height - 16);
    context.strokeStyle = colours.ink;
    context.lineWidth = 1;
    context.beginPath();
    logs.forEach((log, at) => log !== null && context.lineTo(x(at + 0.5), y(log)));
    context.stroke();
    frame();
  };

  const frame = () => {
    if (!picture) return;
    const context = canvas.getContext("2d");
    const ratio = window.devicePixelRatio;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, canvas.width, canvas.height);
    context.drawImage(picture, 0, 0);
    context.scale(ratio, ratio);
    const [width, height] = [canvas.clientWidth, canvas.clientHeight];
    const left = (shown.from / count) * width;
    const right = Math.max(left + 3, ((shown.to + 1) / count) * width);
    context.fillStyle = `${colours.ground}b8`;
    context.fillRect(0, 0, left, height);
    context.fillRect(right, 0, width - right, height);
    context.strokeStyle = colours.link;
    context.lineWidth = 2;
    context.strokeRect(left + 1, 1, right - left - 2, height - 2);
  };

  const window_ = (from, to) => {
    shown = { from, to };
    frame();
  };

  const listen = (given) => {
    move = given;
    let grip = null;
    const barOf = (event) => (event.offsetX / canvas.clientWidth) * count;
    canvas.addEventListener("pointerdown", (event) => {
      const at = barOf(event);
      const near = (HANDLE / canvas.clientWidth) * count;
      const { from, to } = shown;
      const part = Math.abs(at - from) < near ? "from" : Math.abs(at - to) < near ? "to" : "all";
      const isOutside = part === "all" && (at < from || at > to);
      grip = { part, from, to, at: isOutside ? (from + to) / 2 : at };
      canvas.setPointerCapture(event.pointerId);
      if (isOutside) drag(event);
    });
    const drag = (event) => {
      const by = Math.round(barOf(event) - grip.at);
      if (grip.part === "from") move(Math.max(0, Math.min(grip.from + by, grip.to - 8)), grip.to);
      else if (grip.part === "to") {
        move(grip.from, Math.min(count - 1, Math.max(grip.to + by, grip.from + 8)));
      } else {
        const wide = grip.to - grip.from;
        const from = Math.max(0, Math.min(grip.from + by, count - 1 - wide));
        move(from, from + wide);
      }
    };
    canvas.addEventListener("pointermove", (event) => grip && drag(event));
    for (const end of ["pointerup", "pointercancel"]) {
      canvas.addEventListener(end, () => { grip = null; });
    }
  };

  return { draw, window: window_, listen };
})();
