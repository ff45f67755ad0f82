// What a pointer and the keyboard do. `act` has what the picture can do: point, turn, zoom, settle.
function listen(canvas, view, picture, act) {
  const held = new Map();
  let moved = false, apart = 0;
  const at = (event) => {
    const box = canvas.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  };
  canvas.addEventListener("pointerdown", (event) => {
    held.set(event.pointerId, [event.clientX, event.clientY]);
    moved = false;
    if (held.size === 2) apart = spread(held);
    if (view.turns) canvas.setPointerCapture(event.pointerId);
  });
  canvas.addEventListener("pointermove", (event) => {
    const before = held.get(event.pointerId);
    if (!before || !view.turns) { act.point(view.pick(...at(event))); return; }
    const dx = event.clientX - before[0], dy = event.clientY - before[1];
    if (!moved && Math.hypot(dx, dy) < 4) return;
    moved = true;
    held.set(event.pointerId, [event.clientX, event.clientY]);
    if (held.size === 2) {
      const now = spread(held);
      act.zoom(now / (apart || now));
      apart = now;
    } else act.turn(-dx * 0.01, dy * 0.01);
  });
  const released = (event) => {
    if (held.delete(event.pointerId) && view.turns) act.settle();
    if (!moved && event.type === "pointerup") act.point(view.pick(...at(event)));
  };
  canvas.addEventListener("pointerup", released);
  canvas.addEventListener("pointercancel", released);
  canvas.addEventListener("pointerleave", (event) => { if (event.pointerType === "mouse" && !held.size) act.leave(); });
  canvas.addEventListener("wheel", (event) => {
    // A page must scroll under the pointer: the wheel zooms only where somebody has clicked, or with Ctrl as a pinch sends it.
    if (!view.turns || !(event.ctrlKey || document.activeElement === canvas)) return;
    event.preventDefault();
    act.zoom(Math.exp(-event.deltaY * (event.ctrlKey ? 0.01 : 0.0015)));
    act.settle();
  }, {passive: false});
  canvas.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const step = {ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1]}[event.key];
    if (step && event.shiftKey && view.turns) { act.turn(step[0] * 0.12, -step[1] * 0.08); act.settle(); }
    else if (step) act.step(view.panel, ...step);
    else if (event.key === "Home") act.centre(view.panel);
    else if (event.key === "Escape") act.leave();
    else if (view.turns && (event.key === "+" || event.key === "=")) { act.zoom(1.15); act.settle(); }
    else if (view.turns && event.key === "-") { act.zoom(1 / 1.15); act.settle(); }
    else return;
    event.preventDefault();
  });
}
function spread(held) {
  const [[x1, y1], [x2, y2]] = held.values();
  return Math.hypot(x1 - x2, y1 - y2);
}
