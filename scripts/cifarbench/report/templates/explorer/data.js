// The data of the page, and small helpers.

const typedArrays = { uint8: Uint8Array, uint16: Uint16Array, uint32: Uint32Array, float32: Float32Array };
export const UNIT = 65535;

export const meta = JSON.parse(document.getElementById("meta").textContent);
const numbers = new Intl.NumberFormat(document.documentElement.lang);
const decimals = new Intl.NumberFormat(document.documentElement.lang, { minimumFractionDigits: 1, maximumFractionDigits: 1 });

export const say = (name, values = {}) =>
  meta.messages[name].replace(/\{(\w+)\}/g, (text, key) => values[key] ?? text);
const digits = new Intl.NumberFormat(document.documentElement.lang, { maximumSignificantDigits: 4 });
export const significant = (value) => digits.format(value);
export const whole = (value) => numbers.format(value).replace("-", "−");
export const percent = (share) => say("percent", { n: decimals.format(100 * share).replace("-", "−") });

// Returns an element; attributes that are functions are listeners.
export const element = (tag, attributes = {}, ...children) => {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") made.addEventListener(name, value);
    else if (value === true) made.setAttribute(name, "");
    else if (value !== false && value != null) made.setAttribute(name, value);
  }
  made.append(...children.filter((child) => child != null));
  return made;
};

const unpack = async () => {
  const text = atob(document.getElementById("packed").textContent.trim());
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  const buffer = await new Response(stream).arrayBuffer();
  const arrays = {};
  for (const { name, type, offset, length } of meta.arrays) arrays[name] = new typedArrays[type](buffer, offset, length);
  return arrays;
};

export const arrays = await unpack();
export const total = meta.nImages;
export const { index, trueClass, findingKinds, duplicateScore, labelScore, mapX, mapY } = arrays;
export const models = meta.models.map(({ name, hasProba }, number) => {
  const array = (key) => arrays[`${number}/${key}`];
  const predicted = array("predicted");
  const ranks = meta.nRanks;
  const [classes, proba, confidences, probaTrue] = ["classes", "proba", "confidence", "probaTrue"].map(array);
  return {
    name,
    hasProba,
    predicted,
    isRight: (i) => predicted[i] === trueClass[i],
    confidence: (i) => (hasProba ? confidences[i] / UNIT : NaN),
    loss: (i) => (hasProba ? -Math.log(Math.max(probaTrue[i], 0.5) / UNIT) : NaN),
    margin: (i) => (hasProba ? (proba[i * ranks] - (ranks > 1 ? proba[i * ranks + 1] : 0)) / UNIT : NaN),
    // Pairs of class and probability, the most probable first.
    ranked: (i) => {
      if (!hasProba) return [];
      return Array.from({ length: ranks }, (_, rank) => [classes[i * ranks + rank], proba[i * ranks + rank] / UNIT]);
    },
  };
});
export const fileOf = (i) => meta.paths?.[i] ?? "";

// The share of models that do not predict the class that most models predict.
export const disagreement = (() => {
  const shares = new Float32Array(total);
  const votes = new Uint16Array(meta.classes.length);
  for (let i = 0; i < total; i++) {
    votes.fill(0);
    let most = 0;
    for (const { predicted } of models) most = Math.max(most, ++votes[predicted[i]]);
    shares[i] = models.length ? 1 - most / models.length : 0;
  }
  return shares;
})();
