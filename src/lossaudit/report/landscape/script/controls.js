// What a reader can set, and what explains the colours and patterns.
const OVERLAYS = [
  ["negative", "negative curvature"], ["plateau", "plateau"], ["witness", "witness"], ["minimum", "minimum"],
  ["centre", "centre"], ["path", "path"], ["band", "95 % band"], ["arrows", "downhill arrows"],
];
function slider(picture, panel, act) {
  const {name} = panel.slider, words = () => say(panel.surface.value === null ? panel.at + 1 : numberOf(panel.surface.value));
  const value = element("output", {}, words());
  const input = element("input", {type: "range", min: "0", max: String(panel.frames.length - 1), step: "1", value: String(panel.at),
    "aria-label": `${name}, ${panel.surface.name}`, "aria-valuetext": `${name} ${words()}`});
  input.addEventListener("input", () => {
    panel.at = Number(input.value);
    panel.surface = panel.frames[panel.at];
    panel.renote();
    value.textContent = words();
    input.setAttribute("aria-valuetext", `${name} ${words()}`);
    act.framed();
  });
  return element("label", {class: "land-slider"}, `${name} = `, value, input);
}
function toolbar(picture, act, planes) {
  const bar = element("div", {class: "land-bar", role: "group", "aria-label": "Overlays and view"});
  const frames = picture.panels.flatMap((panel) => panel.frames);
  const has = {
    negative: (surface) => surface.negative && surface.negative.includes(1),
    plateau: (surface) => surface.plateau && surface.plateau.includes(1),
    band: (surface) => surface.band && !surface.y,
    arrows: (surface) => surface.arrows && picture.steepest > 0,
  };
  picture.keys = [];
  for (const [kind, name] of OVERLAYS) {
    const labels = new Set(frames.flatMap((surface) => surface.marks.filter((mark) => mark.kind === kind).map((mark) => mark.label)));
    if (has[kind] ? !frames.some(has[kind]) : !labels.size) continue;
    picture.on[kind] = true;
    const swatch = element("canvas", {class: "land-key", "aria-hidden": "true"});
    const words = labels.size === 1 ? [...labels][0] : name;
    const title = kind === "arrows" ? "minus the gradient within the plane; the length grows with the square root of the norm, up to the 95th percentile" : null;
    const button = element("button", {type: "button", "aria-pressed": String(picture.on[kind]), "data-overlay": kind, title}, swatch, words);
    button.addEventListener("click", () => {
      picture.on[kind] = !picture.on[kind];
      button.setAttribute("aria-pressed", String(picture.on[kind]));
      draw(picture);
    });
    picture.keys.push([swatch, kind]);
    bar.append(button);
  }
  if (!planes) return bar;
  const moves = [
    ["\u21ba", "turn left", () => act.turn(-0.25, 0)], ["\u21bb", "turn right", () => act.turn(0.25, 0)],
    ["+", "zoom in", () => act.zoom(1.2)], ["\u2212", "zoom out", () => act.zoom(1 / 1.2)],
    ["reset", "reset the view", () => { picture.turn = {...START}; }],
  ];
  const group = element("span", {class: "land-moves"});
  for (const [sign, name, move] of moves) {
    const button = element("button", {type: "button", "aria-label": name, title: name}, sign);
    button.addEventListener("click", () => { move(); act.settle(); });
    group.append(button);
  }
  bar.append(group);
  return bar;
}
const ROUNDED = 2 ** -15;  // a value on the page is off by half of that at most
function legend(picture) {
  const surfaces = picture.panels.flatMap((panel) => panel.frames).filter((surface) => surface.y), {scale} = picture;
  const any = (test) => surfaces.some((surface) => surface.loss.some(test));
  const notes = [];
  if (any((value) => value > scale.high + ROUNDED * Math.abs(scale.high) && value < Infinity)) notes.push("above: drawn at the upper end");
  if (any((value) => value > -Infinity && value < scale.low - ROUNDED * Math.abs(scale.low))) notes.push("below: drawn at the lower end");
  if (any((value) => Math.abs(value) === Infinity)) notes.push("crossed lines: infinite");
  if (any(Number.isNaN)) notes.push("crosses, and holes: not a number");
  const canvas = element("canvas", {class: "land-scale", role: "img",
    "aria-label": `Colour scale, ${scale.name}, from ${say(scale.low)} to ${say(scale.high)}${scale.log ? ", logarithmic" : ""}`});
  const view = newView(picture, canvas, null, {draw: (context) => drawLegend(context, view, picture)});
  const name = scale.name + (scale.log ? ", log scale" : "");
  return element("div", {class: "land-legend"}, element("span", {}, name), canvas, element("span", {class: "note"}, notes.join("; ")));
}
function drawLegend(context, view, {scale}) {
  const ground = COLOURS.ground(), left = 14, width = view.width - 28, last = COLOURS.map.length;
  for (let k = 0; k < last; k++) {
    context.fillStyle = COLOURS.map[k];
    context.fillRect(left + (k * width) / last, 2, width / last + 0.6, 12);
  }
  context.font = FONT;
  context.textAlign = "center";
  context.textBaseline = "top";
  context.fillStyle = ground.soft;
  context.strokeStyle = COLOURS.ink;
  let free = -Infinity;
  for (const value of ticksOfScale(scale, 5)) {
    const x = left + held(levelOf(scale, value)) * width, half = context.measureText(short(value)).width / 2;
    context.fillRect(x - 0.5, 14, 1, 4);
    if (x - half < free) continue;
    context.fillText(short(value), x, 20);
    free = x + half + 6;
  }
}
function table(picture) {
  const box = element("div", {class: "land-table", tabindex: "0", role: "group", "aria-label": "Figures as a table"});
  const fill = () => box.replaceChildren(...picture.panels.map((panel) => tableOf(panel.surface, picture.scale)));
  picture.refill = () => { if (details.open) fill(); };
  const details = element("details", {class: "land-details"}, element("summary", {}, "Figures as a table"), box);
  details.addEventListener("toggle", picture.refill);
  return details;
}
function tableOf(surface, scale) {
  const few = (count, limit) => Array.from({length: Math.min(count, limit)}, (_, k) => Math.round((k * (count - 1)) / Math.max(Math.min(count, limit) - 1, 1)));
  const columns = few(surface.nx, 7), made = element("table", {}, element("caption", {}, `${surface.name}: ${scale.name}`));
  const head = element("tr", {}, element("th", {scope: "col"}, surface.y ? `${surface.y.name} \\ ${surface.x.name}` : surface.x.name));
  for (const i of columns) head.append(element("th", {scope: "col"}, say(surface.x.values[i], 3)));
  made.append(element("thead", {}, head));
  const body = element("tbody");
  for (const j of surface.y ? few(surface.ny, 7).reverse() : [0]) {
    const row = element("tr", {}, element("th", {scope: "row"}, surface.y ? say(surface.y.values[j], 3) : "loss"));
    for (const i of columns) row.append(element("td", {}, say(surface.loss[j * surface.nx + i])));
    body.append(row);
  }
  made.append(body);
  return made;
}
// What an overlay or a curve looks like, small.
function drawKey(canvas, kind, picture) {
  const context = canvas.getContext("2d"), width = canvas.clientWidth, height = canvas.clientHeight, frame = {left: 0, top: 0, width, height};
  if (!width) return;
  context.setTransform(picture.ratio, 0, 0, picture.ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  if (typeof kind === "number" || kind === "band") {
    const look = lineLook(kind === "band" ? 0 : kind);
    context.strokeStyle = context.fillStyle = look.colour;
    context.globalAlpha = kind === "band" ? 0.3 : 1;
    context.lineWidth = 2.2;
    context.setLineDash(look.dash);
    context.lineCap = look.dash[0] < 1 ? "round" : "butt";
    context.beginPath();
    if (kind === "band") context.fillRect(0, 2, width, height - 4);
    else { context.moveTo(1, height / 2); context.lineTo(width - 1, height / 2); }
    context.stroke();
    context.globalAlpha = 1;
    context.setLineDash([]);
    return;
  }
  context.fillStyle = shade(0.75);
  context.fillRect(0, 0, width, height);
  context.strokeStyle = context.fillStyle = COLOURS.ink;
  context.lineWidth = 1.1;
  if (kind === "negative") { hatch(context, frame, undefined, 6); context.lineWidth = 2; context.strokeRect(0, 0, width, height); return; }
  if (kind === "plateau") { dots(context, frame, () => true, 7); return; }
  if (kind === "arrows") {
    cased(context, COLOURS.ink, 1.4, [], () => { context.moveTo(4, height / 2); context.lineTo(width - 4, height / 2); context.lineTo(width - 8, height / 2 - 3); context.moveTo(width - 4, height / 2); context.lineTo(width - 8, height / 2 + 3); });
    return;
  }
  const look = COLOURS.marks[kind];
  if (look.joined) cased(context, look.colour, 1.6, [], () => { context.moveTo(3, height / 2); context.lineTo(width - 3, height / 2); });
  shape(context, look, width / 2, height / 2, 4.5);
}
