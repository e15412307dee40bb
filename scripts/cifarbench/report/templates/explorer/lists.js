// Collected images and new labels, which the configuration's `exclude` and `relabel` read. The browser keeps them.

import { download } from "../csv.js";
import { meta, say, whole } from "./data.js";

// By index in the archive: collected images, and new classes.
export const lists = { collected: new Set(), labels: new Map() };
let changed = () => {};

const load = () => {
  try {
    const stored = JSON.parse(localStorage.getItem(meta.storageKey) ?? "{}");
    lists.collected = new Set(stored.collected ?? []);
    lists.labels = new Map(stored.labels ?? []);
  } catch {
    // Some browsers store nothing for pages that are files.
  }
};

const store = () => {
  try {
    const content = { collected: [...lists.collected], labels: [...lists.labels] };
    localStorage.setItem(meta.storageKey, JSON.stringify(content));
  } catch {
    // As above.
  }
  changed();
};

export const collect = (image, isCollected) => {
  if (isCollected) lists.collected.add(image);
  else lists.collected.delete(image);
  store();
};

export const relabel = (image, label) => {
  if (label === null) lists.labels.delete(image);
  else lists.labels.set(image, label);
  store();
};

const ascending = (numbers) => [...numbers].sort((a, b) => a - b);
const rowsOf = {
  exclude: () => ascending(lists.collected).map((image) => ["test", image]),
  relabel: () => ascending(lists.labels.keys()).map((image) => ["test", image, meta.classes[lists.labels.get(image)]]),
};

export const showLists = () => {
  document.getElementById("lists").textContent = say("collected", { n: whole(lists.collected.size), m: whole(lists.labels.size) });
  document.getElementById("exclude-list").disabled = !lists.collected.size;
  document.getElementById("relabel-list").disabled = !lists.labels.size;
};

export const initLists = (update) => {
  changed = update;
  load();
  for (const [list, rows] of Object.entries(rowsOf)) {
    document.getElementById(`${list}-list`).addEventListener("click", () => download(list, rows()));
  }
};
