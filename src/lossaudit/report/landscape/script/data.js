// Arrays from base64: three bytes a value are the upper bytes of its float32; masks are bits.
function bytesOf(text) {
  const raw = atob(text), bytes = new Uint8Array(raw.length);
  for (let i = 0; i < raw.length; i++) bytes[i] = raw.charCodeAt(i);
  return bytes;
}
function floatsOf(text) {
  if (text === null) return null;
  const bytes = bytesOf(text), codes = new Uint32Array(bytes.length / 3);
  for (let i = 0, k = 0; i < codes.length; i++, k += 3) {
    codes[i] = ((bytes[k] << 24) | (bytes[k + 1] << 16) | (bytes[k + 2] << 8)) >>> 0;
  }
  return new Float32Array(codes.buffer);
}
function bitsOf(text, count) {
  if (text === null) return null;
  const bytes = bytesOf(text), bits = new Uint8Array(count);
  for (let i = 0; i < count; i++) bits[i] = (bytes[i >> 3] >> (7 - (i & 7))) & 1;
  return bits;
}
function coordinateOf(raw) {
  if (raw === null) return null;
  const [low, high] = raw.values, even = raw.values.length === 2;
  const values = even ? Array.from({length: raw.count}, (_, k) => low + ((high - low) * k) / Math.max(raw.count - 1, 1)) : raw.values;
  return {name: raw.name, values};
}
function surfaceOf(raw, scale) {
  const surface = {...raw, x: coordinateOf(raw.x), y: coordinateOf(raw.y), loss: floatsOf(raw.loss)};
  const count = surface.loss.length;
  surface.nx = surface.x.values.length;
  surface.ny = surface.y ? surface.y.values.length : 1;
  for (const name of ["slope", "curvature", "band"]) surface[name] = floatsOf(raw[name]);
  for (const name of ["negative", "signless", "plateau", "computed"]) surface[name] = bitsOf(raw[name], count);
  if (raw.arrows) surface.arrows = {...raw.arrows, dx: floatsOf(raw.arrows.dx), dy: floatsOf(raw.arrows.dy)};
  surface.regions = regionsOf(surface);
  surface.level = Float32Array.from(surface.loss, (value) => levelOf(scale, value));
  // A path is drawn first: it may run over all other marks.
  surface.marks = [...raw.marks].sort((a, b) => (b.kind === "path") - (a.kind === "path"));
  for (const mark of surface.marks) {
    for (const name of ["loss", "distance"]) if (mark[name]) mark[name] = mark[name].map(numberOf);
  }
  return surface;
}
// Fields that are above 0 inside of an overlay. A curvature that rounding may have made counts as not negative.
function regionsOf({curvature, negative, plateau}) {
  const bend = (bit, k) => (bit ? Math.min(-curvature[k], 1e30) : -Math.min(Math.max(curvature[k], 1e-30) || 1e-30, 1e30));
  return {
    negative: negative && Float64Array.from(negative, bend),
    plateau: plateau && Float64Array.from(plateau, (bit) => bit - 0.5),
  };
}
const numberOf = (value) => ({nan: NaN, inf: Infinity, "-inf": -Infinity})[value] ?? value;

// Where a value stands on the scale: 0 at its low end, 1 at its high end, beyond them outside.
function levelOf(scale, value) {
  if (!(scale.low < scale.high)) return value - value + 0.5;
  if (!scale.log) return (value / 2 - scale.low / 2) / (scale.high / 2 - scale.low / 2);
  const low = Math.log(scale.low);
  return value > 0 ? (Math.log(value) - low) / (Math.log(scale.high) - low) : value <= 0 ? -0.001 : NaN;
}
const held = (level) => Math.min(Math.max(level, 0), 1);

// The node nearest to a coordinate, or -1 where it lies outside.
function nearest(values, wanted) {
  const last = values.length - 1;
  let best = 0;
  for (let i = 1; i <= last; i++) if (Math.abs(values[i] - wanted) < Math.abs(values[best] - wanted)) best = i;
  const step = last ? (values[last] - values[0]) / last : 1;
  return Math.abs(values[best] - wanted) > 0.75 * step && (wanted < values[0] || wanted > values[last]) ? -1 : best;
}
// Lower node and share of the way to the next one.
function between(values, wanted) {
  const last = values.length - 1;
  let low = 0, high = last;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (values[middle] <= wanted) low = middle; else high = middle;
  }
  return last ? [low, (wanted - values[low]) / (values[low + 1] - values[low])] : [0, 0];
}
// A field of the surface between its nodes, linear in each coordinate.
function fieldAt(surface, field, x, y) {
  const [i, u] = between(surface.x.values, x);
  if (!surface.y) return u === 0 ? field[i] : field[i] * (1 - u) + field[i + 1] * u;
  const [j, v] = between(surface.y.values, y), k = j * surface.nx + i;
  return (field[k] * (1 - u) + field[k + 1] * u) * (1 - v) + (field[k + surface.nx] * (1 - u) + field[k + surface.nx + 1] * u) * v;
}
// The part of every cell in which a field is above 0, up to where it crosses 0 on the edges.
function polygons(surface, field) {
  const {nx, ny} = surface, xs = surface.x.values, ys = surface.y.values, found = [];
  for (let j = 0; j + 1 < ny; j++) {
    for (let i = 0; i + 1 < nx; i++) {
      const k = j * nx + i, corners = [[k, i, j], [k + 1, i + 1, j], [k + nx + 1, i + 1, j + 1], [k + nx, i, j + 1]], polygon = [];
      corners.forEach(([p, a, b], n) => {
        const [q, c, d] = corners[(n + 1) % 4];
        if (field[p] > 0) polygon.push(xs[a], ys[b]);
        if (field[p] > 0 === field[q] > 0) return;
        const t = field[p] / (field[p] - field[q]);
        polygon.push(xs[a] + t * (xs[c] - xs[a]), ys[b] + t * (ys[d] - ys[b]));
      });
      if (polygon.length) found.push(polygon);
    }
  }
  return found;
}
// Segments of the lines on which a field has a value: x1, y1, x2, y2, ... in coordinates of the surface.
function isolines(surface, field, wanted) {
  const {nx, ny} = surface, xs = surface.x.values, ys = surface.y.values, found = [];
  for (let j = 0; j + 1 < ny; j++) {
    for (let i = 0; i + 1 < nx; i++) {
      const k = j * nx + i, a = field[k], b = field[k + 1], c = field[k + nx + 1], d = field[k + nx];
      if (!Number.isFinite(a + b + c + d)) continue;
      const cut = [];
      const cross = (p, q, x1, y1, x2, y2) => {
        if (p < wanted === q < wanted) return;
        const t = (wanted - p) / (q - p);
        cut.push(x1 + t * (x2 - x1), y1 + t * (y2 - y1));
      };
      cross(a, b, xs[i], ys[j], xs[i + 1], ys[j]);
      cross(b, c, xs[i + 1], ys[j], xs[i + 1], ys[j + 1]);
      cross(c, d, xs[i + 1], ys[j + 1], xs[i], ys[j + 1]);
      cross(d, a, xs[i], ys[j + 1], xs[i], ys[j]);
      for (let n = 0; n + 3 < cut.length; n += 4) found.push(cut[n], cut[n + 1], cut[n + 2], cut[n + 3]);
    }
  }
  return found;
}
