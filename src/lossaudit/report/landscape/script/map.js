// A contour map: colours between the nodes, lines of equal loss, and the overlays.
function drawMap(context, view, surface, picture) {
  const ground = COLOURS.ground(), frame = view.frame = framed(context, view, surface), on = picture.on;
  const xs = surface.x.values, ys = surface.y.values;
  const [x0, x1, y0, y1] = [xs[0], xs[xs.length - 1], ys[0], ys[ys.length - 1]];
  const toX = (x) => frame.left + ((x - x0) / (x1 - x0)) * frame.width, toY = (y) => frame.top + ((y1 - y) / (y1 - y0)) * frame.height;
  view.inverse = (x, y) => [x0 + ((x - frame.left) / frame.width) * (x1 - x0), y1 - ((y - frame.top) / frame.height) * (y1 - y0)];
  view.place = ([x, y]) => (x < x0 || x > x1 || y < y0 || y > y1 ? null : [toX(x), toY(y)]);
  drawAxes(context, frame, surface, ground, toX, toY);
  context.save();
  context.beginPath();
  context.rect(frame.left, frame.top, frame.width, frame.height);
  context.clip();
  shadeMap(context, view, surface, frame, ground);
  const stroke = (segments, colour, width) => {
    context.strokeStyle = colour;
    context.lineWidth = width;
    context.beginPath();
    for (let k = 0; k < segments.length; k += 4) {
      context.moveTo(toX(segments[k]), toY(segments[k + 1]));
      context.lineTo(toX(segments[k + 2]), toY(segments[k + 3]));
    }
    context.stroke();
  };
  surface.lines ??= ticksOfScale(picture.scale, 12).flatMap((value) => isolines(surface, surface.level, levelOf(picture.scale, value)));
  stroke(surface.lines, COLOURS.isoline, 0.9);
  const inside = (field) => (x, y) => fieldAt(surface, field, ...view.inverse(x, y)) > 0, {negative, plateau} = surface.regions;
  context.strokeStyle = context.fillStyle = COLOURS.ink;
  context.lineWidth = 1;
  if (on.negative && negative) {
    context.save();
    context.beginPath();
    for (const polygon of polygons(surface, negative)) {
      for (let k = 0; k < polygon.length; k += 2) (k ? context.lineTo : context.moveTo).call(context, toX(polygon[k]), toY(polygon[k + 1]));
      context.closePath();
    }
    context.clip();
    hatch(context, frame);
    context.restore();
    stroke(isolines(surface, negative, 0), COLOURS.ink, 2);
  }
  if (on.plateau && plateau) dots(context, frame, inside(plateau));
  if (on.arrows && surface.arrows) drawArrows(context, surface, frame, picture.steepest, toX, toY);
  context.restore();
  const label = labeller(context, frame, ground);
  drawMarks(context, surface, on, view.place, label);
  label.write();
}
function framed(context, view, surface) {
  context.font = FONT;
  const widest = Math.max(...ticksOf(surface.y.values[0], surface.y.values[surface.ny - 1], 5).map((value) => context.measureText(short(value)).width));
  const left = 26 + widest, names = rowsOf(context, surface.x.name, view.width - left - 8);
  const side = Math.max(40, Math.min(view.width - left - 8, view.height - 34 - 15 * names.length));
  return {left: left + (view.width - left - 8 - side) / 2, top: 8, width: side, height: side, names};
}
function drawAxes(context, frame, surface, ground, toX, toY) {
  const {left, top, width, height} = frame, floor = top + height;
  context.font = FONT;
  context.strokeStyle = ground.soft;
  context.fillStyle = ground.soft;
  context.lineWidth = 1;
  context.beginPath();
  context.textAlign = "center";
  context.textBaseline = "top";
  for (const value of ticksOf(surface.x.values[0], surface.x.values[surface.nx - 1], 5)) {
    context.moveTo(toX(value), floor); context.lineTo(toX(value), floor + 4);
    context.fillText(short(value), toX(value), floor + 7);
  }
  context.textAlign = "right";
  context.textBaseline = "middle";
  for (const value of ticksOf(surface.y.values[0], surface.y.values[surface.ny - 1], 5)) {
    context.moveTo(left, toY(value)); context.lineTo(left - 4, toY(value));
    context.fillText(short(value), left - 7, toY(value));
  }
  context.rect(left, top, width, height);
  context.stroke();
  context.fillStyle = ground.ink;
  context.textAlign = "center";
  context.textBaseline = "top";
  frame.names.forEach((row, k) => context.fillText(row, left + width / 2, floor + 24 + 15 * k));
  context.save();
  const widest = Math.max(...ticksOf(surface.y.values[0], surface.y.values[surface.ny - 1], 5).map((value) => context.measureText(short(value)).width));
  context.translate(left - widest - 24, top + height / 2);
  context.rotate(-Math.PI / 2);
  context.fillText(fitted(context, surface.y.name, height + 10), 0, 0);
  context.restore();
}
// Every pixel between four numbers has the colour of their mean by its place; all others are left out.
function shadeMap(context, view, surface, frame, ground) {
  const {nx, loss, level} = surface, ratio = view.ratio;
  const width = Math.round(frame.width * ratio), height = Math.round(frame.height * ratio);
  const nodes = new Uint16Array(width), shares = new Float32Array(width);
  for (let k = 0; k < width; k++) [nodes[k], shares[k]] = between(surface.x.values, view.inverse(frame.left + (k + 0.5) / ratio, 0)[0]);
  const image = context.createImageData(width, height), pixels = new Uint32Array(image.data.buffer), table = COLOURS.pixels;
  const missing = COLOURS.pixel(ground.missing), last = table.length - 1;
  for (let row = 0, n = 0; row < height; row++) {
    const [j, v] = between(surface.y.values, view.inverse(0, frame.top + (row + 0.5) / ratio)[1]);
    for (let column = 0; column < width; column++, n++) {
      const u = shares[column], k = j * nx + nodes[column], low = level[k] + (level[k + 1] - level[k]) * u;
      let value = low + (level[k + nx] + (level[k + nx + 1] - level[k + nx]) * u - low) * v;
      if (value !== value) value = oneInfinity(loss, k, nx);
      pixels[n] = value !== value ? missing : table[value <= 0 ? 0 : value >= 1 ? last : (value * last + 0.5) | 0];
    }
  }
  const sheet = new OffscreenCanvas(width, height);
  sheet.getContext("2d").putImageData(image, 0, 0);
  context.imageSmoothingEnabled = false;
  context.drawImage(sheet, frame.left, frame.top, frame.width, frame.height);
  context.imageSmoothingEnabled = true;
  const corner = (x, y, wanted) => {
    const at = view.inverse(x, y), k = between(surface.y.values, at[1])[0] * nx + between(surface.x.values, at[0])[0];
    const four = [loss[k], loss[k + 1], loss[k + nx], loss[k + nx + 1]], none = four.some(Number.isNaN);
    return wanted ? none : !none && four.some((value) => !Number.isFinite(value));
  };
  if (surface.gaps === undefined) surface.gaps = loss.some((value) => !Number.isFinite(value));
  if (!surface.gaps) return;
  context.lineWidth = 1;
  context.strokeStyle = ground.missingInk + "80";
  crosses(context, frame, (x, y) => corner(x, y, true));
  context.strokeStyle = COLOURS.ink;
  hatch(context, frame, (x, y) => corner(x, y, false), 5, true);
  hatch(context, frame, (x, y) => corner(x, y, false), 5, false);
}
// Infinities of one sign beside numbers have no mean; they are clipped to their end of the scale.
function oneInfinity(loss, k, nx) {
  const four = [loss[k], loss[k + 1], loss[k + nx], loss[k + nx + 1]];
  if (four.some(Number.isNaN)) return NaN;
  const up = four.includes(Infinity), down = four.includes(-Infinity);
  return up === down ? NaN : up ? 1 : 0;
}
// Downhill: minus the gradient within the plane.
function drawArrows(context, surface, frame, steepest, toX, toY) {
  const {x, y, dx, dy} = surface.arrows, cell = Math.min(frame.width / x.length, frame.height / y.length) * 0.95;
  const sx = frame.width / (surface.x.values[surface.nx - 1] - surface.x.values[0]);
  const sy = frame.height / (surface.y.values[surface.ny - 1] - surface.y.values[0]);
  cased(context, COLOURS.ink, 1.2, [], () => {
    for (let j = 0; j < y.length; j++) {
      for (let i = 0; i < x.length; i++) {
        const gx = -dx[j * x.length + i], gy = -dy[j * x.length + i], size = Math.hypot(gx, gy);
        if (!Number.isFinite(size)) continue;
        const length = cell * Math.min(Math.sqrt(size / steepest), 1), px = toX(x[i]), py = toY(y[j]);
        const across = gx * sx, up = -gy * sy, norm = Math.hypot(across, up) || 1, ex = across / norm, ey = up / norm;
        const tx = px + (ex * length) / 2, ty = py + (ey * length) / 2, head = Math.min(4, length / 2);
        context.moveTo(px - (ex * length) / 2, py - (ey * length) / 2);
        context.lineTo(tx, ty);
        if (length < 3) continue;
        context.lineTo(tx - head * (ex + 0.6 * ey), ty - head * (ey - 0.6 * ex));
        context.moveTo(tx, ty);
        context.lineTo(tx - head * (ex - 0.6 * ey), ty - head * (ey + 0.6 * ex));
      }
    }
  });
}
