// Connects the parts of the page with the controls.

import { element, meta, models, say, total, whole } from "./data.js";
import { initDetail, openDetail, openFromFragment } from "./detail.js";
import { initGrid, markCollected, showGrid } from "./grid.js";
import { initLists, showLists } from "./lists.js";
import { initMap, showMap } from "./map.js";
import { initMatrix, showMatrix } from "./matrix.js";
import { initModels, showModels } from "./models.js";
import { select } from "./selection.js";
import { firstOrder, readFragment, resetFilters, state, writeFragment } from "./state.js";

// A control for each part of the state: its element, how its value is read, and how it is shown.
const number = { read: (control) => Number(control.value), show: (control, value) => { control.value = value; } };
const text = { read: (control) => control.value, show: (control, value) => { control.value = value; } };
const flag = { read: (control) => control.checked, show: (control, value) => { control.checked = value; } };
const controls = {
  model: number, versus: number, trueClass: number, predicted: number, low: number, high: number, query: text, audit: text,
  collected: flag, sort: text, order: text, values: text, captions: text, colors: text,
};
const controlOf = (key) => document.getElementById(`control-${key}`);

const update = () => {
  performance.mark("filter");
  for (const [key, { show }] of Object.entries(controls)) {
    const control = controlOf(key);
    if (control && control !== document.activeElement) show(control, state[key]);
  }
  const { base, slice } = select();
  document.getElementById("count").textContent = say("count", { n: whole(slice.length), total: whole(total) });
  showModels(slice);
  showMatrix(base);
  showGrid(slice);
  showMap(slice);
  showLists();
  writeFragment();
  performance.measure("filter", "filter");
};

const options = (key, names) => controlOf(key)?.append(...names.map((name, value) => element("option", { value }, name)));
options("model", models.map(({ name }) => name));
options("versus", models.map(({ name }) => name));
options("trueClass", meta.classes);
options("predicted", meta.classes);

for (const [key, { read }] of Object.entries(controls)) {
  controlOf(key)?.addEventListener(key === "query" ? "input" : "change", ({ target }) => {
    const value = read(target);
    state[key] = Number.isNaN(value) ? state[key] : value;
    if (key === "sort") {
      state.order = firstOrder(state.sort);
      controlOf("order").value = state.order;
    }
    update();
  });
}
document.getElementById("reset").addEventListener("click", () => {
  resetFilters();
  update();
});
document.getElementById("filters").addEventListener("submit", (event) => event.preventDefault());
addEventListener("keydown", (event) => {
  const isTyping = event.target.matches?.("input:not([type=checkbox]), select, dialog *");
  if (event.key === "/" && !isTyping && !event.ctrlKey && !event.metaKey) {
    event.preventDefault();
    controlOf("query").focus();
  }
  if (event.key === "Escape" && event.target === controlOf("query")) {
    state.query = "";
    controlOf("query").value = "";
    update();
  }
});
const load = () => {
  readFragment();
  update();
  openFromFragment();
};
addEventListener("hashchange", load);

initLists(() => {
  showLists();
  markCollected();
  if (state.collected) update();
});
initModels(update);
initMatrix(update);
initGrid(openDetail);
initDetail();
initMap(update);
load();
document.documentElement.dataset.ready = "yes";
