// The table of models: which of them must be right or wrong, and their accuracy on the selected images.

import { element, models, percent, say, whole } from "./data.js";
import { countRight, interval } from "./selection.js";
import { state } from "./state.js";

const rows = [];

// Presses or releases "right" or "wrong" of a model; the other one is released.
const toggle = (number, wanted) => {
  const other = wanted === "right" ? "wrong" : "right";
  state[other].delete(number);
  if (!state[wanted].delete(number)) state[wanted].add(number);
};

const setAll = (wanted, except = -1) => {
  for (const of of ["right", "wrong"]) state[of] = new Set();
  models.forEach((_, number) => state[number === except ? (wanted === "right" ? "wrong" : "right") : wanted].add(number));
};

export const initModels = (update) => {
  const body = document.querySelector("#models tbody");
  models.forEach(({ name }, number) => {
    const button = (wanted) =>
      element("button", {
        type: "button", "aria-pressed": "false", "aria-label": `${name}: ${say(wanted)}`,
        click: () => { toggle(number, wanted); update(); },
      }, say(wanted));
    const [right, wrong] = [button("right"), button("wrong")];
    const only = element("button", {
      type: "button", "aria-label": say("only_right", { model: name }),
      click: () => { setAll("wrong", number); update(); },
    }, say("only"));
    const cells = [element("td"), element("td")];
    rows.push({ number, right, wrong, cells });
    body.append(element("tr", {}, element("th", { scope: "row" }, element("code", {}, name)), ...cells,
      element("td", { class: "buttons" }, right, wrong, only)));
  });
  for (const [id, wanted] of [["all-right", "right"], ["all-wrong", "wrong"]]) {
    document.getElementById(id)?.addEventListener("click", () => { setAll(wanted); update(); });
  }
};

export const showModels = (slice) => {
  for (const { number, right, wrong, cells } of rows) {
    right.setAttribute("aria-pressed", state.right.has(number));
    wrong.setAttribute("aria-pressed", state.wrong.has(number));
    const count = countRight(slice, models[number]);
    const [low, high] = interval(count, slice.length);
    cells[1].textContent = whole(count);
    const range = element("small", {}, say("interval", { low: percent(low), high: percent(high) }));
    cells[0].replaceChildren(slice.length ? percent(count / slice.length) : "–", slice.length ? range : "");
  }
};
