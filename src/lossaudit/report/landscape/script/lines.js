// All curves in one chart: they differ by colour and dash, and carry their names at their ends.
function drawLines(context, view, panels, picture) {
  // On paper; on the map a mark needs more of it.
  context.rim = 1.2;
  const ground = COLOURS.ground(), scale = picture.scale, curves = panels.map((panel) => panel.surface);
  const low = Math.min(...curves.map((curve) => curve.x.values[0])), high = Math.max(...curves.map((curve) => curve.x.values[curve.nx - 1]));
  const frame = view.frame = chartFrame(context, view, curves, scale);
  const toX = (x) => frame.left + ((x - low) / (high - low)) * frame.width;
  const toY = (level) => frame.top + (1 - held(level)) * frame.height;
  view.inverse = (x) => low + ((x - frame.left) / frame.width) * (high - low);
  chartAxes(context, frame, curves[0].x.name, scale, ground, ticksOf(low, high, 5), toX, toY);
  context.save();
  context.beginPath();
  context.rect(frame.left - 1, frame.top - 12, frame.width + 2, frame.height + 24);
  context.clip();
  const label = labeller(context, frame, ground, true);
  panels.forEach((panel, k) => panel.surface.band && picture.on.band && drawBand(context, panel.surface, lineLook(panel.look), scale, toX, toY));
  panels.forEach((panel) => drawCurve(context, panel.surface, lineLook(panel.look), picture.on, toX, toY));
  for (const panel of panels) {
    const curve = panel.surface, xs = curve.x.values;
    view.places.set(panel, ([x], loss) => {
      if (x < xs[0] || x > xs[curve.nx - 1]) return null;
      const level = loss === undefined ? fieldAt(curve, curve.level, x) : levelOf(scale, loss);
      return Number.isNaN(level) ? null : [toX(x), toY(level)];
    });
    drawMarks(context, curve, picture.on, view.places.get(panel), label);
  }
  label.write();
  context.restore();
  nameCurves(context, view, panels, frame, toY);
}
function chartFrame(context, view, curves, scale) {
  context.font = FONT;
  const ticks = Math.max(...ticksOfScale(scale, 5).map((value) => context.measureText(short(value)).width));
  const names = Math.min(Math.max(...curves.map((curve) => context.measureText(curve.name).width)) + 12, view.width * 0.3);
  const left = ticks + 12, below = 26 + 15 * rowsOf(context, curves[0].x.name, view.width - left - names).length;
  return {left, top: 34, width: view.width - left - names, height: view.height - 34 - below, names};
}
function chartAxes(context, frame, name, scale, ground, across, toX, toY) {
  const {left, top, width, height} = frame, floor = top + height;
  context.lineWidth = 1;
  context.strokeStyle = ground.grid;
  context.fillStyle = ground.soft;
  context.beginPath();
  context.textBaseline = "middle";
  context.textAlign = "right";
  for (const value of ticksOfScale(scale, 5)) {
    const y = toY(levelOf(scale, value));
    context.moveTo(left, y); context.lineTo(left + width, y);
    context.fillText(short(value), left - 6, y);
  }
  context.textAlign = "center";
  context.textBaseline = "top";
  for (const value of across) {
    context.moveTo(toX(value), floor); context.lineTo(toX(value), floor + 4);
    context.fillText(short(value), toX(value), floor + 7);
  }
  context.stroke();
  context.fillStyle = ground.ink;
  rowsOf(context, name, width).forEach((row, k) => context.fillText(row, left + width / 2, floor + 23 + 15 * k));
  context.textAlign = "left";
  context.fillText(fitted(context, scale.name + (scale.log ? ", log scale" : ""), width + frame.names), 2, 2);
}
// Stretches between numbers; what is infinite or beyond the scale runs along its edge.
function drawCurve(context, curve, look, on, toX, toY) {
  const xs = curve.x.values, {level, loss, nx} = curve;
  context.strokeStyle = context.fillStyle = look.colour;
  context.lineJoin = "round";
  context.lineCap = "butt";
  context.lineWidth = 2.2;
  context.setLineDash(look.dash);
  context.lineCap = look.dash[0] < 1 ? "round" : "butt";
  context.beginPath();
  let open = false;
  for (let i = 0; i < nx; i++) {
    const finite = Number.isFinite(loss[i]);
    if (finite) {
      if (open) context.lineTo(toX(xs[i]), toY(level[i])); else context.moveTo(toX(xs[i]), toY(level[i]));
    }
    open = finite;
  }
  context.stroke();
  context.setLineDash([]);
  for (let i = 0; i < nx; i++) {
    const x = toX(xs[i]);
    const alone = Number.isFinite(loss[i]) && !Number.isFinite(loss[i - 1] ?? NaN) && !Number.isFinite(loss[i + 1] ?? NaN);
    context.beginPath();
    if (alone) context.arc(x, toY(level[i]), 2.5, 0, 7);
    if (Math.abs(loss[i]) === Infinity) {
      const up = loss[i] > 0, y = toY(level[i]), tip = up ? -8 : 8;
      context.moveTo(x, y + tip); context.lineTo(x - 4, y); context.lineTo(x + 4, y);
    }
    context.fill();
  }
  const ground = COLOURS.ground();
  const every = (mask, gap, draw) => {
    let last = -Infinity;
    for (let i = 0; i < nx; i++) {
      const x = toX(xs[i]);
      if (mask && mask[i] && Number.isFinite(level[i]) && x - last >= gap) { draw(x, toY(level[i])); last = x; }
    }
  };
  context.strokeStyle = context.fillStyle = ground.ink;
  context.lineWidth = 1.2;
  context.beginPath();
  if (on.negative) every(curve.negative, 6, (x, y) => { context.moveTo(x - 4, y + 6); context.lineTo(x + 4, y - 6); });
  context.stroke();
  context.beginPath();
  if (on.plateau) every(curve.plateau, 8, (x, y) => { context.moveTo(x, y - 7); context.arc(x, y - 7, 1.6, 0, 7); });
  context.fill();
}
function drawBand(context, curve, look, scale, toX, toY) {
  const xs = curve.x.values, stretches = [[]];
  for (let i = 0; i < curve.nx; i++) {
    if (Number.isFinite(curve.loss[i]) && Number.isFinite(curve.band[i])) stretches[stretches.length - 1].push(i); else stretches.push([]);
  }
  context.fillStyle = context.strokeStyle = look.colour;
  for (const stretch of stretches) {
    if (!stretch.length) continue;
    const edge = (sign) => stretch.map((i) => [toX(xs[i]), toY(levelOf(scale, curve.loss[i] + sign * curve.band[i]))]);
    const above = edge(1), below = edge(-1);
    context.globalAlpha = 0.16;
    context.beginPath();
    [...above, ...below.slice().reverse()].forEach(([x, y], k) => (k ? context.lineTo(x, y) : context.moveTo(x, y)));
    context.fill();
    context.globalAlpha = 0.7;
    context.lineWidth = 0.8;
    for (const line of [above, below]) {
      context.beginPath();
      line.forEach(([x, y], k) => (k ? context.lineTo(x, y) : context.moveTo(x, y)));
      context.stroke();
    }
    context.globalAlpha = 1;
  }
}
// Names at the right, each as near to the height of its curve's end as the others allow.
function nameCurves(context, view, panels, frame, toY) {
  context.font = FONT;
  const blocks = panels.map((panel) => {
    const {level, loss} = panel.surface;
    let last = level.length - 1;
    while (last > 0 && Number.isNaN(loss[last])) last--;
    return {panel, rows: rowsOf(context, panel.surface.name, frame.names - 10), wanted: Number.isNaN(loss[last]) ? frame.top : toY(level[last])};
  }).sort((a, b) => a.wanted - b.wanted);
  let rest = 14 * blocks.reduce((sum, block) => sum + block.rows.length, 0), free = 24;
  context.textAlign = "left";
  context.textBaseline = "middle";
  for (const {panel, rows, wanted} of blocks) {
    let y = Math.max(free, Math.min(wanted - 7 * (rows.length - 1), view.height - rest));
    rest -= 14 * rows.length;
    context.fillStyle = lineLook(panel.look).colour;
    for (const row of rows) { context.fillText(row, frame.left + frame.width + 8, y); y += 14; }
    free = y + 2;
  }
}
