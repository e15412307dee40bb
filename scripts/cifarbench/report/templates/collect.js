// Ticked images as the lists that the configuration's `exclude` and `relabel` read.

import { COLUMNS, download } from "./csv.js";

const ticked = (list) =>
  [...document.querySelectorAll(`input.${list}:checked`)].map(({ dataset }) => COLUMNS[list].map((column) => dataset[column]));
const buttons = [...document.querySelectorAll("button[data-list]")];
const show = () => {
  for (const button of buttons) button.disabled = !ticked(button.dataset.list).length;
};
for (const button of buttons) {
  const { list } = button.dataset;
  button.addEventListener("click", () => download(list, ticked(list)));
}
// An image that is listed twice has one state.
document.addEventListener("change", ({ target }) => {
  if (!target.matches("input.exclude, input.relabel")) return;
  const { split, index } = target.dataset;
  const same = document.querySelectorAll(`input.${target.className}[data-split="${split}"][data-index="${index}"]`);
  for (const box of same) box.checked = target.checked;
  show();
});
// A browser may keep ticks when a page is loaded again.
addEventListener("pageshow", show);
document.getElementById("lists").hidden = false;
