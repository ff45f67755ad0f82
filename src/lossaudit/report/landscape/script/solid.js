// A surface in three dimensions: cells are painted from the farthest to the nearest, seen in parallel.
const HEIGHT = 1.15;

function camera(view, turn) {
  const s = Math.sin(turn.yaw), c = Math.cos(turn.yaw), up = Math.cos(turn.pitch), into = Math.sin(turn.pitch);
  const size = turn.zoom * Math.min((view.width - 78) / 2.7, (view.height - 62) / (HEIGHT * up + 2.7 * into));
  const left = view.width / 2 + 16, middle = view.height / 2 - 4 + (HEIGHT * up * size) / 2;
  return {
    s, c, size,
    at: (x, y, z) => [left + size * (x * c - y * s), middle - size * (z * HEIGHT * up + (x * s + y * c) * into)],
  };
}
const unit = (values, value) => (2 * (value - values[0])) / (values[values.length - 1] - values[0] || 1) - 1;

function stepped(count, step) {
  const kept = [];
  for (let i = 0; i < count - 1; i += step) kept.push(i);
  kept.push(count - 1);
  return kept;
}
function drawSolid(context, view, surface, picture, quick) {
  const look = camera(view, picture.turn), ground = COLOURS.ground();
  drawBox(context, look, surface, picture.scale, ground, view.width);
  paintCells(context, look, surface, picture, quick, view);
  const xs = surface.x.values, ys = surface.y.values;
  view.place = ([x, y], loss) => {
    if (x < xs[0] || x > xs[xs.length - 1] || y < ys[0] || y > ys[ys.length - 1]) return null;
    const level = loss === undefined ? fieldAt(surface, surface.level, x, y) : levelOf(picture.scale, loss);
    return Number.isNaN(level) ? null : look.at(unit(xs, x), unit(ys, y), held(level));
  };
  view.floor = ([x, y]) => look.at(unit(xs, x), unit(ys, y), 0);
  const label = labeller(context, {left: 0, top: 0, width: view.width, height: view.height}, ground);
  drawMarks(context, surface, picture.on, view.place, label);
  label.write();
}
function paintCells(context, look, surface, picture, quick, view) {
  const {nx, ny, level, loss} = surface, on = picture.on;
  const step = quick ? Math.ceil(Math.max(nx, ny) / 31) : 1;
  const is = stepped(nx, step), js = stepped(ny, step);
  if (look.s > 0) is.reverse();
  if (look.c > 0) js.reverse();
  const px = new Float32Array(nx * ny), py = new Float32Array(nx * ny);
  const ux = surface.x.values.map((value) => unit(surface.x.values, value));
  const uy = surface.y.values.map((value) => unit(surface.y.values, value));
  for (const j of js) for (const i of is) [px[j * nx + i], py[j * nx + i]] = look.at(ux[i], uy[j], held(level[j * nx + i]));
  const mesh = Math.max(1, Math.round(Math.max(nx, ny) / step / 24)), sparse = Math.max(1, Math.round(Math.max(nx, ny) / step / 26));
  const most = (field, a, b, c, d) => field && field[a] + field[b] + field[c] + field[d] > 0, {negative, plateau} = surface.regions;
  const order = view.order = [];
  view.px = px; view.py = py;
  context.lineJoin = context.lineCap = "round";
  for (let n = 0; n + 1 < js.length; n++) {
    for (let m = 0; m + 1 < is.length; m++) {
      const a = js[n] * nx + is[m], b = js[n] * nx + is[m + 1], c = js[n + 1] * nx + is[m + 1], d = js[n + 1] * nx + is[m];
      const mean = (level[a] + level[b] + level[c] + level[d]) / 4;
      if (Number.isNaN(loss[a] + loss[b] + loss[c] + loss[d]) && [a, b, c, d].some((k) => Number.isNaN(loss[k]))) continue;
      const infinite = ![a, b, c, d].every((k) => Number.isFinite(loss[k]));
      const colour = infinite ? COLOURS.map[[a, b, c, d].some((k) => loss[k] === Infinity) ? COLOURS.map.length - 1 : 0] : shade(held(mean));
      context.beginPath();
      context.moveTo(px[a], py[a]); context.lineTo(px[b], py[b]); context.lineTo(px[c], py[c]); context.lineTo(px[d], py[d]);
      context.closePath();
      context.fillStyle = context.strokeStyle = colour;
      context.lineWidth = 0.7;
      context.fill();
      context.stroke();
      order.push(a, b, c, d);
      // Places in the whole grid, so that patterns stay where they are when the view turns around.
      const i = Math.round(Math.min(is[m], is[m + 1]) / step), j = Math.round(Math.min(js[n], js[n + 1]) / step);
      meshLines(context, px, py, a, b, c, d, i % mesh === 0, j % mesh === 0, is[m] < is[m + 1], js[n] < js[n + 1]);
      if (infinite) pattern(context, px, py, [[a, c], [b, d]], COLOURS.ink, 0.8);
      if (on.negative && negative && (i + j) % sparse === 0) {
        const same = (is[m] < is[m + 1]) === (js[n] < js[n + 1]);
        stripe(context, px, py, negative, ...(same ? [b, d] : [a, c]));
      }
      if (on.negative && negative) outline(context, px, py, negative, [a, b, c, d]);
      if (on.plateau && i % sparse === 0 && j % sparse === 0 && most(plateau, a, b, c, d)) {
        context.fillStyle = COLOURS.ink;
        context.beginPath();
        context.arc((px[a] + px[c]) / 2, (py[a] + py[c]) / 2, 1.5, 0, 7);
        context.fill();
      }
    }
  }
}
function pattern(context, px, py, lines, colour, width) {
  context.strokeStyle = colour;
  context.lineWidth = width;
  context.beginPath();
  for (const [p, q] of lines) { context.moveTo(px[p], py[p]); context.lineTo(px[q], py[q]); }
  context.stroke();
}
function meshLines(context, px, py, a, b, c, d, column, row, rightwards, upwards) {
  const lines = [];
  if (column) lines.push(rightwards ? [a, d] : [b, c]);
  if (row) lines.push(upwards ? [a, b] : [d, c]);
  if (lines.length) pattern(context, px, py, lines, COLOURS.mesh, 0.6);
}
// A diagonal of a cell, as far as it lies inside of a region.
function stripe(context, px, py, field, p, q) {
  if (!(field[p] > 0)) [p, q] = [q, p];
  if (!(field[p] > 0)) return;
  const t = field[q] > 0 ? 1 : field[p] / (field[p] - field[q]);
  context.strokeStyle = COLOURS.ink;
  context.lineWidth = 1.1;
  context.beginPath();
  context.moveTo(px[p], py[p]);
  context.lineTo(px[p] + t * (px[q] - px[p]), py[p] + t * (py[q] - py[p]));
  context.stroke();
}
// Where the edge of a region runs through a cell.
function outline(context, px, py, field, quad) {
  const cut = [];
  quad.forEach((p, k) => {
    const q = quad[(k + 1) % 4];
    if (field[p] > 0 === field[q] > 0) return;
    const t = field[p] / (field[p] - field[q]);
    cut.push([px[p] + t * (px[q] - px[p]), py[p] + t * (py[q] - py[p])]);
  });
  if (cut.length < 2) return;
  context.strokeStyle = COLOURS.ink;
  context.lineWidth = 2;
  context.beginPath();
  cut.forEach((spot, k) => (k % 2 ? context.lineTo(...spot) : context.moveTo(...spot)));
  context.stroke();
}
function drawBox(context, look, surface, scale, ground, width) {
  const corner = [[-1, -1], [1, -1], [1, 1], [-1, 1]];
  const depth = ([x, y]) => x * look.s + y * look.c;
  const line = (p, q) => { context.moveTo(...look.at(...p)); context.lineTo(...look.at(...q)); };
  const far = corner.reduce((best, each) => (depth(each) > depth(best) ? each : best));
  const side = corner.reduce((best, each) => (look.at(...each, 0)[0] < look.at(...best, 0)[0] ? each : best));
  context.strokeStyle = ground.grid;
  context.lineWidth = 1;
  context.beginPath();
  corner.forEach((each, k) => line([...each, 0], [...corner[(k + 1) % 4], 0]));
  for (const each of corner) if (each[0] === far[0] || each[1] === far[1]) line([...each, 0], [...each, 1]);
  const heights = ticksOfScale(scale, 4);
  for (const value of [...heights, scale.low, scale.high]) {
    const z = held(levelOf(scale, value));
    line([far[0], -far[1], z], [...far, z]);
    line([-far[0], far[1], z], [...far, z]);
  }
  context.stroke();
  context.font = FONT;
  context.fillStyle = ground.soft;
  context.textBaseline = "middle";
  context.textAlign = "right";
  for (const value of heights) {
    const [x, y] = look.at(...side, held(levelOf(scale, value)));
    context.fillText(short(value), x - 6, y);
  }
  axisWords(context, look, surface.x, (t) => look.at(t, -far[1] * 1.06, 0), (t) => look.at(t, -far[1] * 1.32, 0), ground, width);
  axisWords(context, look, surface.y, (t) => look.at(-far[0] * 1.06, t, 0), (t) => look.at(-far[0] * 1.32, t, 0), ground, width);
}
// Ends of an axis and its name, along the near edge of the floor; the map says the name in full.
function axisWords(context, look, axis, near, away, ground, width) {
  const ends = [near(-1), near(1)], right = ends[0][0] + ends[1][0] > 2 * look.at(0, 0, 0)[0];
  const slope = Math.abs(ends[1][1] - ends[0][1]) / (Math.hypot(ends[1][0] - ends[0][0], ends[1][1] - ends[0][1]) || 1);
  const before = slope < 0.12 ? 0.5 : right ? 0 : 1;
  const write = (text, [x, y]) => {
    const long = context.measureText(text).width;
    context.fillText(text, Math.min(Math.max(x - before * long, 2), width - long - 2), y);
  };
  context.textAlign = "left";
  context.textBaseline = "top";
  context.fillStyle = ground.soft;
  for (const t of [-1, 1]) {
    const value = axis.values[t < 0 ? 0 : axis.values.length - 1];
    write(short(value), near(t * 0.94));
  }
  context.fillStyle = ground.ink;
  write(fitted(context, axis.name.split(/[,(]/)[0].trim(), 0.34 * width), away(0));
}
// The node of the surface that is seen at a place on the canvas.
function pickSolid(view, surface, x, y) {
  const {order, px, py} = view, {nx} = surface;
  for (let n = order.length - 4; n >= 0; n -= 4) {
    const quad = order.slice(n, n + 4);
    let within = false;
    for (let k = 0; k < 4; k++) {
      const p = quad[k], q = quad[(k + 3) % 4];
      if (py[p] > y !== py[q] > y && x < ((px[q] - px[p]) * (y - py[p])) / (py[q] - py[p]) + px[p]) within = !within;
    }
    if (!within) continue;
    const away = (k) => Math.hypot(px[k] - x, py[k] - y), best = quad.reduce((a, b) => (away(b) < away(a) ? b : a));
    return [surface.x.values[best % nx], surface.y.values[Math.floor(best / nx)]];
  }
  return null;
}
