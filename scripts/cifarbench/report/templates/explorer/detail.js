// One image in a dialog: enlarged, with the probabilities of all models, findings of the audit, and a new label.

import { element, fileOf, index, meta, models, percent, say, trueClass } from "./data.js";
import { focusImage, shownImages } from "./grid.js";
import { collect, lists, relabel } from "./lists.js";
import { neighborLists } from "./neighbors.js";
import { state, writeFragment } from "./state.js";
import { thumbnail } from "./thumbnails.js";

const MAX_CLASSES = 12;
const MIN_SHARE = 0.005;
const dialog = document.getElementById("detail");
const part = (name) => document.getElementById(`detail-${name}`);
let position = 0;

// The classes that some model finds likely, the most likely first, with the true class and all predicted ones.
const likelyClasses = (i) => {
  const sums = new Map([[trueClass[i], 0]]);
  for (const model of models) sums.set(model.predicted[i], 0);
  for (const model of models) {
    for (const [label, share] of model.ranked(i)) {
      if (share >= MIN_SHARE || sums.has(label)) sums.set(label, (sums.get(label) ?? 0) + share);
    }
  }
  return [...sums].sort((a, b) => b[1] - a[1]).map(([label]) => label).slice(0, MAX_CLASSES);
};

const probabilityTable = (i) => {
  const ranked = models.map((model) => new Map(model.ranked(i)));
  const head = element("tr", {}, element("td"), ...models.map(({ name }) => element("th", { scope: "col" }, element("code", {}, name))));
  const rows = likelyClasses(i).map((label) => {
    const cells = models.map((model, number) => {
      const share = ranked[number].get(label);
      const isPredicted = model.predicted[i] === label;
      const mark = isPredicted ? (model.isRight(i) ? "✓ " : "✗ ") : "";
      const cell = element("td", { class: isPredicted ? (model.isRight(i) ? "right" : "wrong") : null },
        mark + (share === undefined ? "–" : percent(share)));
      cell.style.setProperty("--share", `${100 * (share ?? 0)}%`);
      return cell;
    });
    const isTrue = label === trueClass[i];
    return element("tr", { class: isTrue ? "true" : null }, element("th", { scope: "row" }, meta.classes[label]), ...cells);
  });
  return element("table", {}, element("caption", {}, say("probabilities", { n: index[i] })), element("thead", {}, head), element("tbody", {}, ...rows));
};

const show = () => {
  const i = shownImages()[position];
  if (i === undefined) return;
  state.image = i;
  part("title").textContent = say("image", { n: index[i] });
  part("image").replaceChildren(thumbnail(i, "large"));
  part("true").textContent = meta.classes[trueClass[i]];
  part("file").textContent = fileOf(i) || "–";
  part("findings").textContent = meta.findings[i]?.join("; ") ?? say("no_findings");
  part("table").replaceChildren(probabilityTable(i));
  part("neighbors").replaceChildren(...neighborLists(i));
  part("collect").checked = lists.collected.has(index[i]);
  part("label").value = lists.labels.get(index[i]) ?? "";
  part("previous").disabled = position === 0;
  part("next").disabled = position === shownImages().length - 1;
  writeFragment();
};

const move = (step) => {
  if (shownImages()[position + step] === undefined) return;
  position += step;
  show();
};

export const openDetail = (at) => {
  position = at;
  show();
  if (!dialog.open) dialog.showModal();
};

export const initDetail = () => {
  const select = part("label");
  select.append(...meta.classes.map((name, label) => element("option", { value: label }, name)));
  part("previous").addEventListener("click", () => move(-1));
  part("next").addEventListener("click", () => move(1));
  part("close").addEventListener("click", () => dialog.close());
  part("collect").addEventListener("change", ({ target }) => collect(index[state.image], target.checked));
  select.addEventListener("change", () => {
    const label = select.value === "" || Number(select.value) === trueClass[state.image] ? null : Number(select.value);
    relabel(index[state.image], label);
    select.value = label ?? "";
  });
  dialog.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!step || event.target.matches("select")) return;
    event.preventDefault();
    move(step);
  });
  // A click beside the dialog closes it.
  dialog.addEventListener("click", ({ target }) => {
    if (target === dialog) dialog.close();
  });
  dialog.addEventListener("close", () => {
    state.image = -1;
    writeFragment();
    focusImage(position);
  });
};

// Opens the image of the address, if it is among those shown.
export const openFromFragment = () => {
  const at = state.image < 0 ? -1 : shownImages().indexOf(state.image);
  if (at >= 0) openDetail(at);
  else state.image = -1;
};
