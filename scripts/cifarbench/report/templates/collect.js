// Ticked images as the lists that the configuration's `exclude` and `relabel` read.
const ticked = (selector) => [...document.querySelectorAll(`${selector}:checked`)].map((box) => box.dataset);
const quote = (text) => (/[",;\t\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
const lists = {
  exclude: () => [["split", "index"], ...ticked("input.exclude").map(({ split, index }) => [split, index])],
  relabel: () => [
    ["split", "index", "label"],
    ...ticked("input.relabel").map(({ split, index, label }) => [split, index, quote(label)]),
  ],
};
const buttons = [...document.querySelectorAll("button[data-list]")];
const show = () => {
  for (const button of buttons) button.disabled = lists[button.dataset.list]().length < 2;
};
for (const button of buttons) {
  button.addEventListener("click", () => {
    const rows = [...new Set(lists[button.dataset.list]().map((row) => row.join(",")))];
    const url = URL.createObjectURL(new Blob([rows.join("\n") + "\n"], { type: "text/csv" }));
    const link = document.createElement("a");
    Object.assign(link, { href: url, download: `${button.dataset.list}.csv` });
    link.click();
    setTimeout(() => URL.revokeObjectURL(url), 1000);
  });
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
