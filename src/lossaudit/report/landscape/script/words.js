// What is said of a surface and of one of its nodes.
function nodeOf(surface, point) {
  if (!point || point.axes !== axesOf(surface)) return -1;
  const i = nearest(surface.x.values, point.x);
  if (!surface.y || i < 0) return i;
  const j = nearest(surface.y.values, point.y);
  return j < 0 ? -1 : j * surface.nx + i;
}
const axesOf = (surface) => JSON.stringify([surface.x.name, surface.y && surface.y.name]);

function saidOfNode(surface, k) {
  const parts = [`loss ${say(surface.loss[k])}`];
  if (surface.band) parts[0] += ` \u00b1 ${say(surface.band[k], 2)}`;
  if (surface.slope) parts.push(`gradient norm ${say(surface.slope[k])}`);
  if (surface.curvature) {
    const value = surface.curvature[k], none = surface.signless[k] && value !== 0 ? " (no sign beyond rounding)" : "";
    parts.push(`curvature ${say(value)}${none}`);
  }
  if (surface.negative && surface.negative[k]) parts.push("negative curvature");
  if (surface.plateau && surface.plateau[k]) parts.push("plateau");
  if (surface.computed && !surface.computed[k]) parts.push("interpolated");
  return parts.join(" \u00b7 ");
}
function saidOfPlace(surface, k) {
  const i = k % surface.nx, j = Math.floor(k / surface.nx);
  const at = (axis, n) => `${axis.name.split(/[,(]/)[0].trim()} = ${say(axis.values[n])}`;
  return surface.y ? `${at(surface.x, i)}, ${at(surface.y, j)}` : at(surface.x, i);
}
function saidOfMark(mark, n) {
  const path = mark.kind === "path" ? `, point ${n + 1} of ${mark.points.length}` : "";
  const own = mark.kind === "witness" && mark.points.length === 3 ? (n === 1 ? ", midpoint" : ", end") : "";
  const loss = mark.loss ? `, true loss ${say(mark.loss[n])}` : "";
  const away = mark.distance ? `, ${say(mark.distance[n])} away from the plane` : "";
  return mark.label + path + own + loss + away;
}
function saidOfSurface(surface, scale) {
  let least = -1, most = -1, gaps = 0;
  surface.loss.forEach((value, k) => {
    if (Number.isNaN(value)) { gaps++; return; }
    if (least < 0 || value < surface.loss[least]) least = k;
    if (most < 0 || value > surface.loss[most]) most = k;
  });
  const share = (mask) => `${Math.round((1000 * mask.reduce((sum, bit) => sum + bit, 0)) / mask.length) / 10} % of the nodes`;
  const parts = [];
  if (least >= 0) parts.push(`${scale.name}: from ${say(surface.loss[least])} at ${saidOfPlace(surface, least)}, to ${say(surface.loss[most])} at ${saidOfPlace(surface, most)}`);
  if (surface.negative) parts.push(`negative curvature at ${share(surface.negative)}`);
  if (surface.plateau) parts.push(`plateau at ${share(surface.plateau)}`);
  if (gaps) parts.push(`not a number at ${gaps} nodes`);
  return parts.join("; ") + ".";
}
