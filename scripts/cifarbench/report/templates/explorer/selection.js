// The images that pass the filters, in order, and what a slice of images says about the models.

import {
  disagreement, duplicateScore, fileOf, findingKinds, index, labelScore, mapX, mapY, meta, models, total, trueClass,
} from "./data.js";
import { lists } from "./lists.js";
import { state } from "./state.js";

const FINDINGS = { duplicate: 1, label: 2, image: 4, similar: 8, any: 7 };
// The quantile of the normal distribution for 95% intervals.
const Z = 1.959963984540054;

const matchesQuery = () => {
  const query = state.query.trim().toLowerCase();
  if (!query) return () => true;
  const wanted = /^\d+$/.test(query) ? Number(query) : -1;
  return (i) => index[i] === wanted || fileOf(i).toLowerCase().includes(query);
};

const isInBox = () => {
  if (!state.box) return () => true;
  const [left, top, right, bottom] = state.box;
  return (i) => mapX[i] >= left && mapX[i] <= right && mapY[i] >= top && mapY[i] <= bottom;
};

const isInRange = () => {
  const { confidence, hasProba } = models[state.model] ?? {};
  const [low, high] = [state.low / 100, state.high / 100];
  if (!hasProba || (low <= 0 && high >= 1)) return () => true;
  return (i) => confidence(i) >= low && confidence(i) <= high;
};

// Returns two lists of images: `slice` passes all filters, `base` those besides true and predicted class.
export const select = () => {
  const [inQuery, inBox, inRange] = [matchesQuery(), isInBox(), isInRange()];
  const bits = FINDINGS[state.audit] ?? 0;
  const predicted = models[state.model]?.predicted;
  const [right, wrong] = [state.right, state.wrong].map((numbers) => [...numbers].map((number) => models[number].predicted));
  const base = [];
  const slice = [];
  for (let i = 0; i < total; i++) {
    if (bits && !(findingKinds[i] & bits)) continue;
    if (state.collected && !lists.collected.has(index[i]) && !lists.labels.has(index[i])) continue;
    const label = trueClass[i];
    if (!right.every((of) => of[i] === label) || !wrong.every((of) => of[i] !== label)) continue;
    if (!inRange(i) || !inBox(i) || !inQuery(i)) continue;
    base.push(i);
    if (state.trueClass >= 0 && label !== state.trueClass) continue;
    if (state.predicted >= 0 && predicted?.[i] !== state.predicted) continue;
    slice.push(i);
  }
  return { base, slice: sorted(slice) };
};

const sorted = (images) => {
  const model = models[state.model];
  const key = {
    index: (i) => index[i],
    confidence: model?.confidence,
    loss: model?.loss,
    margin: model?.margin,
    disagreement: (i) => disagreement[i],
    duplicate: (i) => duplicateScore[i],
    label: (i) => labelScore[i],
  }[state.sort];
  const keys = new Float64Array(total);
  for (const i of images) {
    const value = key?.(i);
    // Without probabilities, the order is that of the archive.
    keys[i] = Number.isNaN(value ?? NaN) ? 0 : value;
  }
  const sign = state.order === "up" ? 1 : -1;
  return images.sort((a, b) => sign * (keys[a] - keys[b]) || a - b);
};

// Wilson's interval of a share. In a cross-validation, fewer images count.
export const interval = (successes, trials) => {
  if (!trials) return [0, 1];
  const share = successes / trials;
  const n = trials * meta.intervalShare;
  const scale = 1 + (Z * Z) / n;
  const middle = share + (Z * Z) / (2 * n);
  const half = Z * Math.sqrt((share * (1 - share)) / n + (Z * Z) / (4 * n * n));
  return [Math.min((middle - half) / scale, share), Math.max((middle + half) / scale, share)];
};

export const countRight = (images, { predicted }) => {
  let count = 0;
  for (const i of images) if (predicted[i] === trueClass[i]) count++;
  return count;
};

// Counts by true and predicted class, in rows of all classes.
export const confusion = (images, { predicted }) => {
  const n = meta.classes.length;
  const counts = new Map();
  for (const i of images) {
    const cell = trueClass[i] * n + predicted[i];
    counts.set(cell, (counts.get(cell) ?? 0) + 1);
  }
  return counts;
};
