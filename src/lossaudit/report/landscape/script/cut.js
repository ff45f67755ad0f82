// A cut along the witness: the loss above its chord on a scale of its own, for it can be small beside the loss's range.
const witnessOf = (surface) => surface.marks.find((mark) => mark.kind === "witness" && mark.points.length === 3 && mark.loss && mark.loss.every(Number.isFinite));

function saidOfCut(mark) {
  const [a, m, b] = mark.loss;
  return `Cut along the ${mark.label}: loss ${say(m)} at the midpoint, ${say((a + b) / 2)} on the chord between ${say(a)} and ${say(b)}.`;
}
function drawCut(context, view, surface) {
  context.rim = 1.2;
  const mark = witnessOf(surface), look = COLOURS.marks.witness, ground = COLOURS.ground();
  const [first, , last] = mark.points, [a, m, b] = mark.loss, chord = (t) => a + t * (b - a), curve = [];
  for (let k = 0; k <= 64; k++) {
    const t = k / 64, [x, y] = first.map((value, axis) => value + t * (last[axis] - value));
    curve.push([t, fieldAt(surface, surface.loss, x, y) - chord(t)]);
  }
  const gap = m - chord(0.5), heights = [0, gap, ...curve.map(([, value]) => value).filter(Number.isFinite)];
  const low = Math.min(...heights), span = Math.max(...heights) - low || 1;
  context.font = FONT;
  const ticks = ticksOf(low, low + span, 3), left = 16 + Math.max(...ticks.map((value) => context.measureText(short(value)).width));
  const top = 26, width = view.width - left - 12, height = view.height - top - 10;
  const toX = (t) => left + t * width, toY = (value) => top + (1 - (value - low) / span) * height;
  context.fillStyle = ground.ink;
  context.textBaseline = "top";
  context.fillText(fitted(context, `${mark.label}: loss minus chord (linear between nodes)`, view.width - 4), 2, 2);
  context.fillStyle = ground.soft;
  context.strokeStyle = ground.grid;
  context.textAlign = "right";
  context.textBaseline = "middle";
  context.beginPath();
  for (const value of ticks) {
    context.fillText(short(value), left - 9, toY(value));
    context.moveTo(left, toY(value)); context.lineTo(left + width, toY(value));
  }
  context.stroke();
  context.strokeStyle = ground.ink;
  context.lineWidth = 2;
  context.beginPath();
  let open = false;
  for (const [t, value] of curve) {
    const finite = Number.isFinite(value);
    if (finite) { if (open) context.lineTo(toX(t), toY(value)); else context.moveTo(toX(t), toY(value)); }
    open = finite;
  }
  context.stroke();
  cased(context, look.colour, 2, [], () => { context.moveTo(toX(0), toY(0)); context.lineTo(toX(1), toY(0)); });
  cased(context, look.colour, 1.6, [3, 3], () => { context.moveTo(toX(0.5), toY(0)); context.lineTo(toX(0.5), toY(gap)); });
  shape(context, look, toX(0), toY(0), 5);
  shape(context, look, toX(1), toY(0), 5);
  shape(context, {...look, shape: "diamond"}, toX(0.5), toY(gap), 6, true);
  const label = labeller(context, {left, top, width, height}, ground);
  label.say(`${say(gap, 2)} above`, toX(0.5), (toY(0) + toY(gap)) / 2);
  label.write();
}
