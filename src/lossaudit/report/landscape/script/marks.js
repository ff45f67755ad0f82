const FONT = "12px system-ui, sans-serif";

// A stroke with a casing around it, so that it stands out on every colour.
function cased(context, colour, width, dash, trace) {
  context.setLineDash([]);
  context.lineJoin = context.lineCap = "round";
  context.strokeStyle = COLOURS.casing;
  context.lineWidth = width + (context.rim ?? 2.4);
  context.beginPath();
  trace();
  context.stroke();
  context.setLineDash(dash);
  context.strokeStyle = colour;
  context.lineWidth = width;
  context.stroke();
  context.setLineDash([]);
}
const SHAPES = {
  cross: (context, x, y, r) => {
    context.moveTo(x - r, y); context.lineTo(x + r, y); context.moveTo(x, y - r); context.lineTo(x, y + r);
  },
  diamond: (context, x, y, r) => {
    context.moveTo(x, y - r); context.lineTo(x + r, y); context.lineTo(x, y + r); context.lineTo(x - r, y); context.closePath();
  },
  square: (context, x, y, r) => context.rect(x - 0.8 * r, y - 0.8 * r, 1.6 * r, 1.6 * r),
  dot: (context, x, y, r) => context.arc(x, y, 0.75 * r, 0, 7),
};
function shape(context, look, x, y, r, hollow = false) {
  cased(context, look.colour, 2.2, [], () => SHAPES[look.shape](context, x, y, r));
  if (look.shape === "cross") return;
  context.fillStyle = hollow ? COLOURS.casing : look.colour;
  context.fill();
}
// Text beside a point, where no other text stands yet; it stays inside of the frame.
function labeller(context, frame, ground, once = false) {
  const taken = [], wanted = [];
  const keep = (x, y, r = 7) => taken.push([x - r, y - r, 2 * r, 2 * r]);
  const write = ([text, x, y, away]) => {
    context.font = FONT;
    text = fitted(context, text, frame.width - 8);
    const width = context.measureText(text).width, height = 15;
    const free = (box) => box[0] >= frame.left && box[1] >= frame.top && box[0] + width <= frame.left + frame.width
      && box[1] + height <= frame.top + frame.height
      && taken.every((other) => box[0] + width < other[0] || other[0] + other[2] < box[0] || box[1] + height < other[1] || other[1] + other[3] < box[1]);
    const spots = [[x + away, y - 8], [x - away - width, y - 8], [x - width / 2, y - away - height], [x - width / 2, y + away],
      [x + away, y - away - height], [x + away, y + away], [x - away - width, y + away], [x - away - width, y - away - height]];
    for (let far = 1.5; far < 5; far += 0.5) spots.push([x - width / 2, y + far * away], [x - width / 2, y - far * away - height]);
    const held = spots.map(([left, top]) => [Math.min(Math.max(left, frame.left + 2), frame.left + frame.width - width - 2), top]);
    const box = spots.find(free) || held.find(free);
    if (!box) return;
    taken.push([box[0], box[1], width, height]);
    context.textAlign = "left";
    context.textBaseline = "middle";
    context.lineJoin = "round";
    context.lineWidth = 3.5;
    context.strokeStyle = ground.paper;
    context.fillStyle = ground.ink;
    context.strokeText(text, box[0], box[1] + height / 2);
    context.fillText(text, box[0], box[1] + height / 2);
  };
  const fresh = (text) => !once || wanted.every(([other]) => other !== text);
  return {keep, say: (text, x, y, away = 9) => fresh(text) && wanted.push([text, x, y, away]), write: () => wanted.forEach(write)};
}
// Marks of a surface; `place(point, loss)` says where they stand on the canvas.
function drawMarks(context, surface, on, place, label) {
  for (const mark of surface.marks) {
    const look = COLOURS.marks[mark.kind];
    if (!on[mark.kind]) continue;
    const spots = mark.points.map((point, k) => place(point, mark.loss ? mark.loss[k] : undefined));
    if (mark.kind === "witness" && spots.length === 3) {
      drawWitness(context, mark, look, spots, place, label);
      continue;
    }
    const seen = spots.map((spot, k) => [spot, k]).filter(([spot]) => spot);
    if (look.joined) cased(context, look.colour, 1.6, [], () => seen.forEach(([[x, y]], n) => (n ? context.lineTo(x, y) : context.moveTo(x, y))));
    const stride = look.joined ? Math.max(1, Math.ceil(seen.length / 40)) : 1;
    seen.forEach(([[x, y], k], n) => {
      if (n % stride === 0 || n === seen.length - 1) shape(context, look, x, y, look.joined ? 4 : 6, look.joined && k === 0);
    });
    seen.forEach(([spot], n) => { if (n % Math.ceil(seen.length / 200) === 0) label.keep(...spot); });
    if (seen.length) label.say(mark.label, ...seen[seen.length - 1][0]);
  }
}
// Two ends, the chord between their losses, and the midpoint that stands above it.
function drawWitness(context, mark, look, spots, place, label) {
  const [first, middle, last] = mark.points, [a, m, b] = mark.loss || [];
  const chord = [];
  for (let k = 0; k <= 16; k++) {
    const t = k / 16;
    chord.push(place(first.map((value, axis) => value + t * (last[axis] - value)), mark.loss ? a + t * (b - a) : undefined));
  }
  if (chord.some((spot) => !spot) || !spots[1]) return;
  cased(context, look.colour, 2, [], () => chord.forEach(([x, y], k) => (k ? context.lineTo(x, y) : context.moveTo(x, y))));
  const foot = chord[8], [x, y] = spots[1];
  if (Math.hypot(foot[0] - x, foot[1] - y) > 1) {
    cased(context, look.colour, 1.6, [3, 3], () => { context.moveTo(...foot); context.lineTo(x, y); });
  }
  shape(context, look, ...spots[0], 5);
  shape(context, look, ...spots[2], 5);
  shape(context, {...look, shape: "diamond"}, x, y, 6, true);
  for (const spot of [...chord, spots[1]]) label.keep(...spot);
  label.say(mark.loss ? `${mark.label}: ${say(m - (a + b) / 2, 2)} above the chord` : mark.label, x, y);
}
// Hatching and dots inside of a region of the canvas.
function hatch(context, frame, inside = () => true, spacing = 7, rising = false) {
  const {left, top, width, height} = frame;
  context.beginPath();
  for (let c = spacing / 2; c < width + height; c += spacing) {
    let open = false;
    for (let t = Math.max(0, c - height); t <= Math.min(c, width); t += 1) {
      const x = left + (rising ? t : width - t), y = top + (c - t), within = inside(x, y);
      if (within && !open) context.moveTo(x, y);
      if (!within && open) context.lineTo(x, y);
      open = within;
    }
    const end = Math.min(c, width);
    if (open) context.lineTo(left + (rising ? end : width - end), top + (c - end));
  }
  context.stroke();
}
function dots(context, frame, inside, spacing = 9) {
  context.beginPath();
  let odd = 0;
  for (let y = frame.top + spacing / 2; y < frame.top + frame.height; y += spacing * 0.87, odd = 1 - odd) {
    for (let x = frame.left + (spacing * (1 + odd)) / 2; x < frame.left + frame.width; x += spacing) {
      if (inside(x, y)) { context.moveTo(x + 1.5, y); context.arc(x, y, 1.5, 0, 7); }
    }
  }
  context.fill();
}
function crosses(context, frame, inside, spacing = 11) {
  context.beginPath();
  for (let y = frame.top + spacing / 2; y < frame.top + frame.height; y += spacing) {
    for (let x = frame.left + spacing / 2; x < frame.left + frame.width; x += spacing) {
      if (!inside(x, y)) continue;
      context.moveTo(x - 2.5, y - 2.5); context.lineTo(x + 2.5, y + 2.5);
      context.moveTo(x - 2.5, y + 2.5); context.lineTo(x + 2.5, y - 2.5);
    }
  }
  context.stroke();
}
// Where the read-out point is.
function cursor(context, x, y) {
  cased(context, COLOURS.ink, 1.8, [], () => context.arc(x, y, 6, 0, 7));
}
