// Collected images and new labels, which the configuration's `exclude` and `relabel` read. The browser keeps them.

import { element, meta, say, whole } from "./data.js";

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

const quoted = (text) => (/[",;\t\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
const ascending = (numbers) => [...numbers].sort((a, b) => a - b);

export const excludeCsv = () => ["split,index", ...ascending(lists.collected).map((image) => `test,${image}`), ""].join("\n");
export const relabelCsv = () => {
  const rows = ascending(lists.labels.keys()).map((image) => `test,${image},${quoted(meta.classes[lists.labels.get(image)])}`);
  return ["split,index,label", ...rows, ""].join("\n");
};

const download = (text, name) => {
  const url = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
  element("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 1000);
};

export const showLists = () => {
  document.getElementById("lists").textContent = say("collected", { n: whole(lists.collected.size), m: whole(lists.labels.size) });
  document.getElementById("exclude-list").disabled = !lists.collected.size;
  document.getElementById("relabel-list").disabled = !lists.labels.size;
};

export const initLists = (update) => {
  changed = update;
  load();
  document.getElementById("exclude-list").addEventListener("click", () => download(excludeCsv(), "exclude.csv"));
  document.getElementById("relabel-list").addEventListener("click", () => download(relabelCsv(), "relabel.csv"));
};
