// The map of the images on a canvas. A box selects those in it.

import { element, mapX, mapY, meta, models, percent, say, total, trueClass } from "./data.js";
import { state } from "./state.js";

const canvas = document.getElementById("map");
const SIDE = 560;
const MARGIN = 8;
const STEP = 0.02;
// More classes have no legend.
const MAX_NAMED = 20;
let slice = [];
let drag = null;

const toPixels = (value) => MARGIN + value * (SIDE - 2 * MARGIN);
const clip = (value) => Math.min(1, Math.max(0, value));
const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

// Returns the colour of an image, and names with their colours.
const palette = () => {
  const model = models[state.model];
  const hue = (label) => `hsl(${(360 * label) / meta.classes.length} 65% 50%)`;
  const [right, wrong] = [css("--accent"), css("--contradicted")];
  const byClass = (labels) => ({
    color: (i) => hue(labels[i]),
    names: meta.classes.length > MAX_NAMED ? [] : meta.classes.map((name, label) => [name, hue(label)]),
  });
  if (!model || state.colors === "true") return byClass(trueClass);
  if (state.colors === "predicted") return byClass(model.predicted);
  if (state.colors === "right" || !model.hasProba) {
    return { color: (i) => (model.isRight(i) ? right : wrong), names: [[say("right"), right], [say("wrong"), wrong]] };
  }
  const heat = (share) => `hsl(${220 - 190 * (1 - share)} 70% 50%)`;
  return { color: (i) => heat(model.confidence(i)), names: [0, 0.25, 0.5, 0.75, 1].map((share) => [percent(share), heat(share)]) };
};

const entry = ([name, color]) => {
  const made = element("span", {}, name);
  made.style.setProperty("--key", color);
  return made;
};

export const showMap = (selected = slice) => {
  slice = selected;
  if (!canvas) return;
  const context = canvas.getContext("2d");
  context.clearRect(0, 0, SIDE, SIDE);
  const dot = total > 3000 ? 3 : 5;
  const point = (i) => context.fillRect(toPixels(mapX[i]) - dot / 2, toPixels(mapY[i]) - dot / 2, dot, dot);
  context.fillStyle = css("--line");
  for (let i = 0; i < total; i++) point(i);
  const { color, names } = palette();
  document.getElementById("map-legend").replaceChildren(...names.map(entry));
  for (const i of slice) {
    context.fillStyle = color(i);
    point(i);
  }
  if (state.box) {
    const [left, top, right, bottom] = state.box.map(toPixels);
    context.strokeStyle = css("--ink");
    context.lineWidth = 2;
    context.strokeRect(left, top, right - left, bottom - top);
  }
  document.getElementById("map-clear").hidden = !state.box;
};

const position = ({ clientX, clientY }) => {
  const { left, top, width, height } = canvas.getBoundingClientRect();
  const inner = SIDE - 2 * MARGIN;
  return [(((clientX - left) / width) * SIDE - MARGIN) / inner, (((clientY - top) / height) * SIDE - MARGIN) / inner].map(clip);
};
const boxTo = ([x, y]) => [Math.min(drag[0], x), Math.min(drag[1], y), Math.max(drag[0], x), Math.max(drag[1], y)];

// Arrows move the box, + and - change its size.
const boxAfter = (key) => {
  const [left, top, right, bottom] = state.box ?? [0.4, 0.4, 0.6, 0.6];
  if (!state.box) return [left, top, right, bottom];
  const [x, y] = { ArrowLeft: [-STEP, 0], ArrowRight: [STEP, 0], ArrowUp: [0, -STEP], ArrowDown: [0, STEP] }[key] ?? [0, 0];
  const more = { "+": STEP, "-": -STEP }[key] ?? 0;
  const moved = [left + x - more, top + y - more, right + x + more, bottom + y + more].map(clip);
  return moved[0] < moved[2] && moved[1] < moved[3] ? moved : state.box;
};

export const initMap = (update) => {
  if (!canvas) return;
  canvas.width = canvas.height = SIDE;
  canvas.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    drag = position(event);
    canvas.setPointerCapture(event.pointerId);
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!drag) return;
    state.box = boxTo(position(event));
    showMap();
  });
  canvas.addEventListener("pointerup", (event) => {
    if (!drag) return;
    const [left, top, right, bottom] = boxTo(position(event));
    drag = null;
    // A click without a drag removes the box.
    state.box = right - left > 0.005 && bottom - top > 0.005 ? [left, top, right, bottom] : null;
    update();
  });
  canvas.addEventListener("pointercancel", () => { drag = null; });
  canvas.addEventListener("keydown", (event) => {
    if (event.key === "Escape") state.box = null;
    else if (/^(Arrow\w+|[+-]|Enter)$/.test(event.key)) state.box = boxAfter(event.key);
    else return;
    event.preventDefault();
    update();
  });
  document.getElementById("map-clear").addEventListener("click", () => {
    state.box = null;
    update();
    canvas.focus();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => showMap());
};
