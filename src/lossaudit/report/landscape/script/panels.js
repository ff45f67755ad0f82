// The canvases of a picture and what stands beside them.
function newView(picture, canvas, panel, parts) {
  const view = {canvas, panel, base: document.createElement("canvas"), ...parts};
  picture.views.push(view);
  return view;
}
function planePanel(picture, panel, act) {
  const box = element("figure", {class: "land-panel"}, element("figcaption", {}, element("b", {}, panel.surface.name)));
  if (panel.slider) box.append(slider(picture, panel, act));
  const pair = element("div", {class: "land-pair"});
  for (const kind of ["solid", "map"]) {
    const canvas = element("canvas", {class: `land-${kind}`, tabindex: "0", role: "application"});
    const solid = kind === "solid";
    const view = newView(picture, canvas, panel, {
      turns: solid,
      roles: solid ? "3-D surface" : "contour map",
      keys: solid ? " Arrow keys move the point, Home goes to the centre, Shift and arrow keys turn, plus and minus zoom."
        : " Arrow keys move the point, Home goes to the centre.",
      draw: (context) => (solid ? drawSolid(context, view, panel.surface, picture, picture.quick) : drawMap(context, view, panel.surface, picture)),
      over: (context) => hoverPlane(context, view, panel.surface, picture, solid),
      pick: (x, y) => {
        const point = solid ? pickSolid(view, panel.surface, x, y) : mapPoint(view, x, y);
        return point && {x: point[0], y: point[1], axes: axesOf(panel.surface)};
      },
    });
    listen(canvas, view, picture, act);
    pair.append(canvas);
  }
  panel.said = element("p", {class: "land-read"});
  box.append(pair, panel.said);
  if (panel.frames.some(witnessOf)) box.append(cutCanvas(picture, panel));
  box.append(notesOf(picture, panel));
  return box;
}
function mapPoint(view, x, y) {
  const {left, top, width, height} = view.frame;
  return x < left || x > left + width || y < top || y > top + height ? null : view.inverse(x, y);
}
// What belongs to one panel; what is said of every surface is said once, below all of them.
function notesOf(picture, panel) {
  panel.notes = element("div");
  panel.renote = () => panel.notes.replaceChildren(...panel.surface.notes.filter((note) => !picture.shared.includes(note)).map((note) => element("p", {class: "note"}, note)));
  panel.renote();
  return panel.notes;
}
function cutCanvas(picture, panel) {
  const canvas = element("canvas", {class: "land-cut", role: "img"});
  const view = newView(picture, canvas, panel, {
    draw: (context) => {
      const mark = witnessOf(panel.surface), shown = Boolean(mark && picture.on.witness);
      canvas.classList.toggle("land-away", !shown);
      canvas.setAttribute("aria-label", shown ? saidOfCut(mark) : "");
      if (shown) drawCut(context, view, panel.surface);
    },
  });
  return canvas;
}
function hoverPlane(context, view, surface, picture, solid) {
  const k = nodeOf(surface, picture.point);
  if (k < 0) return;
  const point = [surface.x.values[k % surface.nx], surface.y.values[Math.floor(k / surface.nx)]];
  const spot = view.place(point, solid ? surface.loss[k] : undefined);
  if (!spot) return;
  if (solid) cased(context, COLOURS.ink, 1, [2, 2], () => { context.moveTo(...view.floor(point)); context.lineTo(...spot); });
  cursor(context, ...spot);
}
function curvePanel(picture, curves, act) {
  const box = element("figure", {class: "land-panel land-chart"});
  for (const panel of curves) if (panel.slider) box.append(slider(picture, panel, act));
  const canvas = element("canvas", {class: "land-lines", tabindex: "0", role: "application"});
  picture.place = element("p", {class: "land-at"});
  const view = newView(picture, canvas, curves[0], {
    curves, places: new Map(), roles: "line chart", keys: " Left and right arrow keys move the point, Home goes to the centre.",
    draw: (context) => drawLines(context, view, curves, picture),
    over: (context) => hoverLines(context, view, curves, picture),
    pick: (x, y) => (x < view.frame.left - 4 || x > view.frame.left + view.frame.width + 4 ? null : {x: view.inverse(x), axes: axesOf(curves[0].surface)}),
  });
  listen(canvas, view, picture, act);
  box.append(canvas, picture.place);
  const list = element("ul", {class: "land-list"});
  for (const panel of curves) {
    panel.said = element("span");
    panel.swatch = element("canvas", {class: "land-key", "aria-hidden": "true"});
    list.append(element("li", {}, panel.swatch, element("b", {}, panel.surface.name), " ", panel.said));
    list.append(element("li", {}, notesOf(picture, panel)));
  }
  box.append(list);
  return box;
}
function hoverLines(context, view, curves, picture) {
  for (const panel of curves) {
    const k = nodeOf(panel.surface, picture.point);
    if (k < 0) continue;
    const spot = view.places.get(panel)([panel.surface.x.values[k]], panel.surface.loss[k]);
    if (!spot) continue;
    context.strokeStyle = COLOURS.ground().soft;
    context.lineWidth = 1;
    context.beginPath();
    context.moveTo(spot[0], view.frame.top);
    context.lineTo(spot[0], view.frame.top + view.frame.height);
    context.stroke();
    shape(context, {colour: lineLook(panel.look).colour, shape: "dot"}, ...spot, 5);
  }
}
