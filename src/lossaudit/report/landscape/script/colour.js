// The one table of colours, with what the canvas makes of it.
const dark = matchMedia("(prefers-color-scheme: dark)");
COLOURS.pixel = (code) => {
  const value = parseInt(code.slice(1), 16);
  return ((255 << 24) | ((value & 255) << 16) | (value & 0xff00) | (value >> 16)) >>> 0;
};
COLOURS.pixels = Uint32Array.from(COLOURS.map, COLOURS.pixel);
COLOURS.ground = () => (dark.matches ? COLOURS.dark : COLOURS.light);
COLOURS.mesh = COLOURS.ink + "4d";
COLOURS.isoline = COLOURS.ink + "99";
const shade = (level) => COLOURS.map[Math.round(level * (COLOURS.map.length - 1))];
const lineLook = (k) => {
  const look = COLOURS.lines[k % COLOURS.lines.length];
  return {colour: dark.matches ? look.dark : look.light, dash: look.dash};
};
