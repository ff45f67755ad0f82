// A picture on the page: its canvases, its controls, and what they show.
const START = {yaw: -0.6, pitch: 0.55, zoom: 1};
function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) if (value !== null) made.setAttribute(key, value);
  made.append(...children);
  return made;
}
function open(root) {
  const data = JSON.parse(root.querySelector("script[type='application/json']").textContent);
  const picture = {title: data.title, scale: data.scale, turn: {...START}, on: {}, point: null, views: [], steepest: 0};
  picture.panels = data.panels.map((raw, look) => {
    const frames = raw.frames.map((frame) => surfaceOf(frame, data.scale)), at = raw.slider ? raw.slider.start : 0;
    return {frames, slider: raw.slider, look, at, surface: frames[at]};
  });
  // Longest arrow: a step in a loss, as steep as a difference happens to make it, must not shrink all others to nothing.
  const sizes = picture.panels.flatMap((panel) => panel.frames).flatMap(({arrows}) =>
    arrows ? [...arrows.dx].map((dx, k) => Math.hypot(dx, arrows.dy[k])).filter((size) => size > 0 && size < Infinity) : []);
  picture.steepest = sizes.sort((a, b) => a - b)[Math.floor(0.95 * sizes.length)] || 0;
  const live = element("div", {class: "land-live"});
  root.querySelector(".land-static").before(live);
  root.classList.add("land-on");
  build(picture, live);
  return picture;
}
function build(picture, live) {
  const act = actions(picture), all = picture.panels.flatMap((panel) => panel.frames);
  picture.shared = all.length > 1 ? all[0].notes.filter((note) => all.every((surface) => surface.notes.includes(note))) : [];
  picture.hint = "Point at the picture, or go to it with Tab and use the arrow keys.";
  picture.status = element("p", {class: "land-quiet", role: "status", "aria-live": "polite"});
  const planes = picture.panels.filter((panel) => panel.surface.y), curves = picture.panels.filter((panel) => !panel.surface.y);
  live.append(toolbar(picture, act, planes.length > 0));
  if (planes.length) {
    const grid = element("div", {class: planes.length === 1 ? "land-panels land-one" : "land-panels"});
    planes.forEach((panel) => grid.append(planePanel(picture, panel, act)));
    live.append(legend(picture), grid);
  }
  if (curves.length) live.append(curvePanel(picture, curves, act));
  live.append(...picture.shared.map((note) => element("p", {class: "note"}, note)), picture.status, table(picture));
  act.leave();
  // On paper the live form has no size; what was drawn stays, and is drawn again when it is back.
  let width = live.clientWidth;
  const again = () => { if (live.clientWidth) { fit(picture); draw(picture); } };
  new ResizeObserver(() => {
    if (live.clientWidth === width) return;
    width = live.clientWidth;
    requestAnimationFrame(again);
  }).observe(live);
  dark.addEventListener("change", again);
  again();
}
function actions(picture) {
  let waiting = 0, settling = 0;
  const later = (quick) => {
    picture.quick = quick;
    waiting ||= requestAnimationFrame(() => { waiting = 0; draw(picture, (view) => view.turns); });
  };
  const act = {
    point(point, aloud = false) {
      picture.point = point;
      for (const view of picture.views) show(view);
      read(picture, aloud);
    },
    leave: () => act.point(null),
    turn(yaw, pitch) {
      picture.turn.yaw += yaw;
      picture.turn.pitch = Math.min(Math.max(picture.turn.pitch + pitch, 0.08), 1.5);
      later(true);
      clearTimeout(settling);
      settling = setTimeout(act.settle, 250);
    },
    zoom(factor) {
      picture.turn.zoom = Math.min(Math.max(picture.turn.zoom * factor, 0.5), 6);
      later(true);
    },
    settle() { clearTimeout(settling); later(false); },
    framed() { draw(picture); picture.refill(); read(picture, false); },
    step(panel, right, up) {
      const surface = panel.surface, {nx, ny} = surface, k = nodeOf(surface, picture.point);
      if (k < 0) { act.centre(panel); return; }
      const i = Math.min(Math.max((k % nx) + right, 0), nx - 1), j = Math.min(Math.max(Math.floor(k / nx) + up, 0), ny - 1);
      act.point({x: surface.x.values[i], y: surface.y ? surface.y.values[j] : 0, axes: axesOf(surface)}, true);
    },
    centre(panel) {
      const surface = panel.surface, mark = surface.marks.find((each) => each.kind === "centre");
      const middle = [surface.x, surface.y].map((axis) => (axis ? axis.values[axis.values.length >> 1] : 0));
      const [x, y] = mark ? mark.points[0] : middle;
      act.point({x, y: y ?? 0, axes: axesOf(surface)}, true);
    },
  };
  return act;
}
// The read-outs of all panels at the point, and aloud for who moves it by keys.
function read(picture, aloud) {
  let last = "";
  const spoken = [], hint = picture.point ? "Outside of this picture." : picture.hint;
  for (const panel of picture.panels) {
    const k = nodeOf(panel.surface, picture.point);
    const place = k < 0 ? "" : saidOfPlace(panel.surface, k), figures = k < 0 ? "" : saidOfNode(panel.surface, k) + marksNear(panel.surface, k);
    const where = panel.surface.y ? panel.said : picture.place;
    where.classList.toggle("land-hint", k < 0);
    if (panel.surface.y) panel.said.textContent = k < 0 ? hint : `${place}: ${figures}`;
    else [panel.said.textContent, picture.place.textContent] = [figures, place || (picture.point ? picture.place.textContent : hint)];
    if (k >= 0) spoken.push(`${panel.surface.name}${place === last ? "" : `, ${last = place}`}: ${figures}`);
  }
  picture.status.textContent = aloud ? spoken.join(". ") : "";
}
function marksNear(surface, k) {
  const x = surface.x.values[k % surface.nx], y = surface.y ? surface.y.values[Math.floor(k / surface.nx)] : 0;
  const step = (axis) => (axis && axis.values.length > 1 ? (axis.values[axis.values.length - 1] - axis.values[0]) / (axis.values.length - 1) : 1);
  const found = surface.marks.flatMap((mark) => mark.points.flatMap((point, n) =>
    Math.abs(point[0] - x) <= step(surface.x) && Math.abs((point[1] ?? y) - y) <= step(surface.y) ? [saidOfMark(mark, n)] : []));
  return found.length ? ` \u00b7 ${found.slice(0, 2).join(" \u00b7 ")}` : "";
}
function fit(picture) {
  const ratio = window.devicePixelRatio || 1;
  const size = (canvas) => {
    const width = canvas.clientWidth, height = canvas.clientHeight;
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
    return [width, height];
  };
  for (const view of picture.views) {
    [view.width, view.height] = size(view.canvas);
    view.ratio = ratio;
    view.base.width = view.canvas.width;
    view.base.height = view.canvas.height;
  }
  for (const [swatch] of [...picture.keys, ...picture.panels.filter((panel) => panel.swatch).map((panel) => [panel.swatch])]) size(swatch);
  picture.ratio = ratio;
}
function draw(picture, which = () => true) {
  for (const view of picture.views) {
    if (!which(view) || !view.width) continue;
    const context = view.base.getContext("2d");
    context.save();
    context.setTransform(view.ratio, 0, 0, view.ratio, 0, 0);
    context.clearRect(0, 0, view.width, view.height);
    view.draw(context);
    context.restore();
    show(view);
    if (view.roles && !picture.quick) view.canvas.setAttribute("aria-label", labelOf(view, picture));
  }
  for (const [swatch, kind] of picture.keys) drawKey(swatch, kind, picture);
  for (const panel of picture.panels) if (panel.swatch) drawKey(panel.swatch, panel.look, picture);
}
function labelOf(view, picture) {
  const said = (view.curves || [view.panel]).map(({surface}) => `${surface.name}, ${saidOfSurface(surface, picture.scale)}`);
  return `${view.roles}. ${picture.title}. ${said.join(" ")}${view.keys}`;
}
function show(view) {
  if (!view.canvas.width) return;
  const context = view.canvas.getContext("2d");
  context.clearRect(0, 0, view.canvas.width, view.canvas.height);
  context.drawImage(view.base, 0, 0);
  context.save();
  context.setTransform(view.ratio, 0, 0, view.ratio, 0, 0);
  if (view.over) view.over(context);
  context.restore();
}
const pictures = [];
for (const root of document.querySelectorAll(".land")) {
  // One picture that cannot be drawn keeps its static form and leaves the others alone.
  try { pictures.push(open(root)); } catch (error) { root.classList.remove("land-on"); console.error(error); }
}
document.documentElement.dataset.drawn = performance.now().toFixed(1);
document.documentElement.dataset.pictures = String(pictures.length);
