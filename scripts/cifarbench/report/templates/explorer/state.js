// The state of the page: filters, order and views. The fragment of the address keeps it.

import { meta, models, total } from "./data.js";

const defaults = () => ({
  model: 0,
  versus: -1,
  trueClass: -1,
  predicted: -1,
  right: new Set(),
  wrong: new Set(),
  low: 0,
  high: 100,
  audit: "",
  query: "",
  collected: false,
  box: null,
  sort: "index",
  order: "up",
  values: "counts",
  captions: "one",
  colors: "true",
  image: -1,
});
export const state = defaults();
export const SORTS = ["index", "confidence", "loss", "margin", "disagreement", "duplicate", "label"];
// The order in which somebody wants to see the images first.
export const firstOrder = (sort) => (sort === "index" || sort === "margin" ? "up" : "down");

const choices = {
  audit: ["", "any", "duplicate", "label", "image", "similar"],
  sort: SORTS,
  order: ["up", "down"],
  values: ["counts", "rates"],
  captions: ["one", "all"],
  colors: ["true", "predicted", "right", "confidence"],
};
const modelNumber = (name) => models.findIndex((model) => model.name === name);
const modelSet = (text) => new Set(text.split(",").map(modelNumber).filter((number) => number >= 0));
const names = (numbers) => [...numbers].sort((a, b) => a - b).map((number) => models[number].name).join(",");
const integerBelow = (text, limit) => (/^\d+$/.test(text) && Number(text) < limit ? Number(text) : -1);

export const readFragment = () => {
  const fragment = location.hash.slice(1);
  // Links within the page have no "=".
  if (fragment && !fragment.includes("=")) return;
  const read = new URLSearchParams(fragment);
  const text = (key) => read.get(key) ?? "";
  Object.assign(state, defaults());
  state.model = Math.max(modelNumber(text("model")), 0);
  state.versus = modelNumber(text("versus"));
  state.trueClass = integerBelow(text("true"), meta.classes.length);
  state.predicted = integerBelow(text("predicted"), meta.classes.length);
  state.right = modelSet(text("right"));
  state.wrong = modelSet(text("wrong"));
  const range = text("confidence").split("-").map(Number);
  if (range.length === 2 && range.every((value) => value >= 0 && value <= 100)) [state.low, state.high] = range;
  state.query = text("search");
  state.collected = read.has("collected");
  const box = text("map").split(",").map(Number);
  if (meta.hasMap && box.length === 4 && box.every(Number.isFinite)) state.box = box;
  state.image = integerBelow(text("image"), total);
  state.order = firstOrder(text("sort"));
  for (const [key, allowed] of Object.entries(choices)) {
    if (read.has(key) && allowed.includes(text(key))) state[key] = text(key);
  }
  if (!read.has("order")) state.order = firstOrder(state.sort);
};

export const writeFragment = () => {
  const write = new URLSearchParams();
  const normal = defaults();
  if (state.model > 0) write.set("model", models[state.model].name);
  if (state.versus >= 0) write.set("versus", models[state.versus].name);
  if (state.trueClass >= 0) write.set("true", state.trueClass);
  if (state.predicted >= 0) write.set("predicted", state.predicted);
  if (state.right.size) write.set("right", names(state.right));
  if (state.wrong.size) write.set("wrong", names(state.wrong));
  if (state.low > 0 || state.high < 100) write.set("confidence", `${state.low}-${state.high}`);
  if (state.query) write.set("search", state.query);
  if (state.collected) write.set("collected", "yes");
  if (state.box) write.set("map", state.box.map((value) => value.toFixed(3)).join(","));
  if (state.image >= 0) write.set("image", state.image);
  for (const key of Object.keys(choices)) {
    const usual = key === "order" ? firstOrder(state.sort) : normal[key];
    if (state[key] !== usual) write.set(key, state[key]);
  }
  const fragment = write.toString();
  if (fragment !== location.hash.slice(1)) history.replaceState(null, "", fragment ? `#${fragment}` : location.pathname);
};

export const resetFilters = () => {
  const { model, versus, sort, order, values, captions, colors } = state;
  Object.assign(state, defaults(), { model, versus, sort, order, values, captions, colors });
};
