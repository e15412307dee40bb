// The confusion matrix of the images that pass the other filters. A cell filters by its two classes.

import { element, meta, models, percent, say, whole } from "./data.js";
import { confusion } from "./selection.js";
import { state } from "./state.js";

const shown = meta.matrixClasses;
const n = shown.length;
// Smaller cells have no numbers.
const MAX_WITH_NUMBERS = 20;
const table = document.getElementById("matrix");
const readout = document.getElementById("matrix-cell");
let cells = [];
let current = 0;

export const initMatrix = (update) => {
  if (!models.length) return;
  const name = (label, scope) => element("th", { scope, title: meta.classes[label] }, element("span", {}, meta.classes[label]));
  table.classList.toggle("dense", n > MAX_WITH_NUMBERS);
  table.append(element("thead", {}, element("tr", {}, element("td"), ...shown.map((label) => name(label, "col")))));
  const body = element("tbody");
  shown.forEach((label) => {
    const row = shown.map(() => element("td", { tabindex: "-1" }));
    cells.push(...row);
    body.append(element("tr", {}, name(label, "row"), ...row));
  });
  table.append(body);
  cells.forEach((cell, position) => {
    cell.position = position;
  });
  const positionOf = (target) => target.closest("tbody td")?.position;
  const press = (position) => {
    const [label, predicted] = [shown[Math.floor(position / n)], shown[position % n]];
    const isPressed = state.trueClass === label && state.predicted === predicted;
    [state.trueClass, state.predicted] = isPressed ? [-1, -1] : [label, predicted];
    moveTo(position);
    update();
  };
  table.addEventListener("click", ({ target }) => {
    const position = positionOf(target);
    if (position !== undefined) press(position);
  });
  table.addEventListener("pointerover", ({ target }) => describe(positionOf(target)));
  table.addEventListener("focusin", ({ target }) => describe(positionOf(target)));
  table.addEventListener("keydown", (event) => {
    const [row, column] = [Math.floor(current / n), current % n];
    const to = {
      ArrowUp: [row - 1, column], ArrowDown: [row + 1, column], ArrowLeft: [row, column - 1], ArrowRight: [row, column + 1],
      Home: [row, 0], End: [row, n - 1],
    }[event.key];
    if (event.key === "Enter" || event.key === " ") press(current);
    else if (!to) return;
    else if (to.every((value) => value >= 0 && value < n)) moveTo(to[0] * n + to[1]);
    event.preventDefault();
  });
};

const moveTo = (position) => {
  cells[current].tabIndex = -1;
  current = position;
  cells[current].tabIndex = 0;
  cells[current].focus();
};

const describe = (position) => {
  if (position !== undefined) readout.textContent = cells[position].getAttribute("aria-label");
};

// Counts of a model, or shares of the true class.
const valuesOf = (base, model) => {
  const counts = confusion(base, model);
  const all = meta.classes.length;
  const rows = new Float64Array(all);
  for (const [cell, count] of counts) rows[Math.floor(cell / all)] += count;
  const values = new Float64Array(n * n);
  const shares = new Float64Array(n * n);
  for (let position = 0; position < n * n; position++) {
    const label = shown[Math.floor(position / n)];
    const count = counts.get(label * all + shown[position % n]) ?? 0;
    shares[position] = rows[label] ? count / rows[label] : 0;
    values[position] = state.values === "rates" ? shares[position] : count;
  }
  return { values, shares };
};

export const showMatrix = (base) => {
  if (!models.length) return;
  const first = valuesOf(base, models[state.model]);
  const second = state.versus >= 0 ? valuesOf(base, models[state.versus]) : null;
  const format = state.values === "rates" ? percent : whole;
  cells.forEach((cell, position) => {
    const value = first.values[position] - (second?.values[position] ?? 0);
    const share = first.shares[position] - (second?.shares[position] ?? 0);
    const text = (second && value > 0 ? "+" : "") + format(value);
    const [label, predicted] = [shown[Math.floor(position / n)], shown[position % n]];
    const isPressed = state.trueClass === label && state.predicted === predicted;
    const tint = share === 0 ? "" : `${(8 + 37 * Math.min(1, Math.abs(share) * (second ? 4 : 1)) ** 0.65).toFixed(0)}%`;
    const key = `${text} ${tint} ${share < 0}`;
    if (cell.key !== key) {
      cell.key = key;
      cell.textContent = n > MAX_WITH_NUMBERS ? "" : state.values === "rates" ? text.replace(/[^\d.,+−]/g, "") : text;
      cell.setAttribute("aria-label", say("cell", { true: meta.classes[label], predicted: meta.classes[predicted], value: text }));
      cell.style.setProperty("--tint", tint || "0%");
      cell.classList.toggle("zero", value === 0);
      cell.classList.toggle("less", share < 0);
    }
    if (isPressed) cell.setAttribute("aria-current", "true");
    else cell.removeAttribute("aria-current");
  });
  cells[current].tabIndex = 0;
};
