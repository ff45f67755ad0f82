// Numbers in words: four digits, a true minus, and what is no number said as it is.
function say(value, digits = 4) {
  if (Number.isNaN(value)) return "not a number";
  if (!Number.isFinite(value)) return value > 0 ? "infinite" : "minus infinite";
  const size = Math.abs(value), sign = value < 0 ? "\u2212" : "";
  if (size === 0) return "0";
  if (size >= 3.4e38) return "beyond " + sign + "3.4e38";
  if (size < 1.18e-38) return value < 0 ? "between \u22121.2e-38 and 0" : "between 0 and 1.2e-38";
  const rounded = Number(size.toPrecision(digits));
  const text = rounded >= 1e-4 && rounded < 1e6 ? String(rounded) : rounded.toExponential().replace("+", "");
  return sign + text;
}
function ticksOf(low, high, wanted) {
  const raw = (high - low) / wanted, power = 10 ** Math.floor(Math.log10(raw));
  const step = power * [1, 2, 5, 10].find((each) => each * power >= raw * 0.999);
  const found = [];
  for (let k = Math.ceil(low / step - 1e-9); k * step <= high + 1e-9 * step; k++) found.push(k * step);
  return found;
}
function ticksOfScale(scale, wanted) {
  if (!(scale.low < scale.high)) return [scale.low];
  if (!scale.log) return ticksOf(scale.low, scale.high, wanted);
  const low = Math.log10(scale.low), high = Math.log10(scale.high), found = [];
  if (high - low < 2) {
    for (let k = Math.floor(low); k <= high; k++) for (const part of [1, 2, 5]) found.push(part * 10 ** k);
    return found.filter((value) => value >= scale.low * 0.999 && value <= scale.high * 1.001);
  }
  const stride = Math.ceil((high - low) / wanted);
  for (let k = Math.ceil(low - 1e-9); k <= high + 1e-9; k += stride) found.push(10 ** k);
  return found;
}
const short = (value) => say(Number(value.toPrecision(12)), 3);

// Words in rows no wider than given.
function rowsOf(context, text, width) {
  const rows = [];
  for (const word of text.split(" ")) {
    const longer = rows.length ? rows[rows.length - 1] + " " + word : word;
    if (rows.length && context.measureText(longer).width <= width) rows[rows.length - 1] = longer; else rows.push(word);
  }
  return rows.map((row) => fitted(context, row, width));
}
function fitted(context, text, width) {
  if (context.measureText(text).width <= width) return text;
  let end = text.length;
  while (end > 1 && context.measureText(text.slice(0, end) + "\u2026").width > width) end--;
  return text.slice(0, end).trimEnd() + "\u2026";
}
