// The training images that voted in models of nearest neighbours.

import { arrays, element, meta, models, say, significant, trueClass, UNIT, whole } from "./data.js";
import { trainThumbnail } from "./thumbnails.js";

const { trainIndex, trainClass } = arrays;

const neighbor = (i, at, distance) => {
  const isRight = trainClass[at] === trueClass[i];
  return element("li", { title: meta.neighbors.paths?.[at] },
    trainThumbnail(at, "neighbor"),
    element("span", { class: isRight ? "line right" : "line wrong" }, `${isRight ? "✓" : "✗"} ${meta.classes[trainClass[at]]}`),
    element("span", { class: "line" }, say("neighbor", { n: trainIndex[at] })),
    element("span", { class: "line" }, say("distance", { value: significant(distance) })));
};

// Returns a heading and a list for each model that has neighbours.
export const neighborLists = (i) =>
  Object.entries(meta.neighbors?.models ?? {}).flatMap(([number, { shown, voting, farthest }]) => {
    const [positions, distances] = ["neighbors", "distances"].map((key) => arrays[`${number}/${key}`]);
    const items = Array.from({ length: shown }, (_, rank) => i * shown + rank);
    return [
      element("h3", {}, say(shown < voting ? "nearest" : "voting", { model: models[number].name, n: whole(shown), k: whole(voting) })),
      element("ul", { class: "neighbors" }, ...items.map((item) => neighbor(i, positions[item], (distances[item] / UNIT) * farthest))),
    ];
  });
