// The grid of images. Only the rows in view are in the page.

import { element, fileOf, index, meta, models, percent, say, trueClass, whole } from "./data.js";
import { collect, lists } from "./lists.js";
import { state } from "./state.js";
import { thumbnail } from "./thumbnails.js";

const MIN_WIDTH = 112;
const LINE = 17;
const THUMBNAIL = 96;
// Rows before and after those in view, and images of a print.
const MARGIN = 2;
const MAX_PRINTED = 240;
const frame = document.getElementById("grid");
const space = document.getElementById("grid-space");
let images = [];
let columns = 1;
let rowHeight = 1;
let current = 0;
let rows = new Map();
let open = () => {};
let isPrinting = false;

const predictionText = (model, i) => {
  const name = meta.classes[model.predicted[i]];
  return model.hasProba ? `${name} ${percent(model.confidence(i))}` : name;
};
const shownModels = () => (state.captions === "all" ? models : models.slice(state.model, state.model + 1));

const cell = (i, position) => {
  const label = meta.classes[trueClass[i]];
  const lines = shownModels().map((model) => {
    const isRight = model.isRight(i);
    const prefix = state.captions === "all" ? `${model.name}: ` : "";
    return element("span", { class: `line caption ${isRight ? "right" : "wrong"}` },
      element("span", {}, `${isRight ? "✓" : "✗"} ${prefix}${meta.classes[model.predicted[i]]}`),
      model.hasProba ? percent(model.confidence(i)) : null);
  });
  const spoken = [
    say("image", { n: index[i] }), fileOf(i), say("true_class", { name: label }),
    ...shownModels().map((model) =>
      `${say("predicted_class", { model: model.name, name: predictionText(model, i) })}, ${say(model.isRight(i) ? "right" : "wrong")}`),
  ];
  const marks = element("span", { class: "marks" },
    ...models.map((model) => element("span", { class: model.isRight(i) ? "right" : "wrong", title: model.name })));
  const button = element("button", {
    type: "button", class: "image", tabindex: position === current ? "0" : "-1", "aria-label": spoken.filter(Boolean).join(", "),
    title: fileOf(i) || null,
    click: () => { setCurrent(position, false); open(position); },
  }, thumbnail(i, "thumb"), element("span", { class: "line" }, label), ...lines, marks);
  const tick = element("input", {
    type: "checkbox", tabindex: "-1", "aria-label": say("collect", { n: index[i] }), change: () => collect(index[i], tick.checked),
  });
  tick.checked = lists.collected.has(index[i]);
  return element("div", { role: "gridcell", "aria-colindex": (position % columns) + 1, "data-image": i }, button, tick);
};

const makeRow = (number) => {
  const first = number * columns;
  const row = element("div", { role: "row", "aria-rowindex": number + 1 },
    ...images.slice(first, first + columns).map((i, offset) => cell(i, first + offset)));
  row.style.setProperty("--top", `${number * rowHeight}px`);
  return row;
};

const render = () => {
  const last = Math.ceil(images.length / columns) - 1;
  let from = Math.max(0, Math.floor(frame.scrollTop / rowHeight) - MARGIN);
  let to = Math.min(last, Math.ceil((frame.scrollTop + frame.clientHeight) / rowHeight) + MARGIN);
  if (isPrinting) [from, to] = [0, Math.min(last, Math.ceil(MAX_PRINTED / columns) - 1)];
  for (const [number, row] of rows) {
    // A row that has the focus stays.
    if ((number < from || number > to) && (isPrinting || !row.contains(document.activeElement))) {
      row.remove();
      rows.delete(number);
    }
  }
  for (let number = from; number <= to; number++) {
    if (rows.has(number)) continue;
    const row = makeRow(number);
    const next = [...rows.keys()].filter((key) => key > number).sort((a, b) => a - b)[0];
    space.insertBefore(row, rows.get(next) ?? null);
    rows.set(number, row);
  }
};

const clear = () => {
  for (const row of rows.values()) row.remove();
  rows = new Map();
};

const layout = () => {
  columns = Math.max(1, Math.floor(space.clientWidth / (state.captions === "all" ? 1.6 * MIN_WIDTH : MIN_WIDTH)));
  const shape = meta.thumbnails;
  const height = THUMBNAIL * Math.min(1, shape.height / shape.width);
  rowHeight = Math.ceil(height + LINE * (1 + shownModels().length) + 34);
  frame.style.setProperty("--columns", columns);
  frame.style.setProperty("--row", `${rowHeight}px`);
  frame.style.setProperty("--thumb-width", `${THUMBNAIL * Math.min(1, shape.width / shape.height)}px`);
  frame.style.setProperty("--thumb-height", `${height}px`);
  const n = Math.ceil(images.length / columns);
  space.style.setProperty("--height", `${n * rowHeight}px`);
  space.setAttribute("aria-rowcount", n);
  space.setAttribute("aria-colcount", columns);
};

const setCurrent = (position, focus = true) => {
  current = Math.max(0, Math.min(images.length - 1, position));
  const row = Math.floor(current / columns);
  if (row * rowHeight < frame.scrollTop) frame.scrollTop = row * rowHeight;
  const bottom = (row + 1) * rowHeight - frame.clientHeight;
  if (bottom > frame.scrollTop) frame.scrollTop = bottom;
  render();
  for (const button of space.querySelectorAll("button.image")) button.tabIndex = -1;
  const button = rows.get(row)?.children[current % columns]?.querySelector("button");
  if (button) button.tabIndex = 0;
  if (focus) button?.focus({ preventScroll: true });
};
export const focusImage = setCurrent;

export const showGrid = (slice) => {
  const isNew = slice.length !== images.length || slice.some((i, position) => i !== images[position]);
  images = slice;
  if (isNew) {
    frame.scrollTop = 0;
    current = 0;
  }
  const isEmpty = !images.length;
  document.getElementById("no-images").hidden = !isEmpty;
  frame.hidden = isEmpty;
  clear();
  if (isEmpty) return;
  layout();
  render();
};
export const markCollected = () => {
  for (const tick of space.querySelectorAll("[data-image] > input")) {
    tick.checked = lists.collected.has(index[tick.parentElement.dataset.image]);
  }
};
export const shownImages = () => images;

export const initGrid = (openDetail) => {
  open = openDetail;
  frame.addEventListener("scroll", () => requestAnimationFrame(render), { passive: true });
  new ResizeObserver(() => {
    if (!images.length) return;
    const before = columns;
    layout();
    if (columns !== before) clear();
    render();
  }).observe(frame);
  space.addEventListener("keydown", (event) => {
    if (!event.target.matches("button.image")) return;
    const page = Math.max(1, Math.floor(frame.clientHeight / rowHeight)) * columns;
    const step = {
      ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns, PageUp: -page, PageDown: page,
      Home: -current, End: images.length - 1 - current,
    }[event.key];
    if (event.key === " ") collect(index[images[current]], !lists.collected.has(index[images[current]]));
    else if (step === undefined) return;
    else if (images[current + step] !== undefined || Math.abs(step) > columns) setCurrent(current + step);
    event.preventDefault();
  });
  // A button would be pressed when the space bar is released.
  space.addEventListener("keyup", (event) => {
    if (event.key === " " && event.target.matches("button.image")) event.preventDefault();
  });
  addEventListener("beforeprint", () => { isPrinting = true; render(); });
  addEventListener("afterprint", () => { isPrinting = false; render(); });
};
