"use strict";
const about = JSON.parse(document.getElementById("about").textContent);
const showStatus = (text) => { document.getElementById("status").textContent = text; };

/* Read a file that is embedded in the page, compressed by gzip and encoded as base64. */
async function readEmbedded(id) {
  const element = document.getElementById(id);
  const bytes = Uint8Array.from(atob(element.textContent), (letter) => letter.charCodeAt(0));
  element.remove();
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

async function load() {
  const script = new Blob([await readEmbedded("script")], { type: "text/javascript" });
  const ort = await import(URL.createObjectURL(script));
  ort.env.wasm.numThreads = 1;
  ort.env.wasm.wasmBinary = await readEmbedded("machine-code");
  const session = await ort.InferenceSession.create(await readEmbedded("content"), { executionProviders: ["wasm"] });
  return (pixels) => {
    const [input, probabilities, label] = about.names;
    const shape = [1, about.channels, about.height, about.width];
    return session.run({ [input]: new ort.Tensor("uint8", pixels, shape) }).then((outputs) => ({
      probabilities: Array.from(outputs[probabilities].data),
      label: Number(outputs[label].data[0]),
    }));
  };
}

/* Scale an image to cover the model's input size, and crop it at the centre; one of that size is not changed. */
async function resizeImage(file) {
  const image = await createImageBitmap(file, { colorSpaceConversion: "none" });
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [about.width, about.height];
  const scale = Math.max(about.width / image.width, about.height / image.height);
  const [width, height] = [image.width * scale, image.height * scale];
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.imageSmoothingQuality = "high";
  context.imageSmoothingEnabled = scale !== 1;
  context.drawImage(image, (about.width - width) / 2, (about.height - height) / 2, width, height);
  return canvas;
}

/* Return pixels channel by channel; grey values have the weights of Pillow. */
function getPixels(canvas) {
  const { data } = canvas.getContext("2d").getImageData(0, 0, about.width, about.height);
  const size = about.width * about.height;
  const pixels = new Uint8Array(about.channels * size);
  for (let i = 0; i < size; i++) {
    const [red, green, blue] = data.subarray(4 * i, 4 * i + 3);
    if (about.channels === 1) pixels[i] = (red * 19595 + green * 38470 + blue * 7471 + 0x8000) >> 16;
    else [pixels[i], pixels[size + i], pixels[2 * size + i]] = [red, green, blue];
  }
  return pixels;
}

function element(name, attributes = {}, ...inside) {
  const created = Object.assign(document.createElement(name), attributes);
  created.append(...inside);
  return created;
}

function renderResult(name, canvas, { probabilities, label }) {
  const order = probabilities.map((_, i) => i).sort((a, b) => (b === label) - (a === label) || probabilities[b] - probabilities[a]);
  const rows = order.slice(0, 10).map((i) => {
    const share = `${(100 * probabilities[i]).toFixed(1)}%`;
    const inside = element("span");
    inside.style.width = share;
    return element("tr", { className: i === label ? "first" : "" },
      element("th", { scope: "row" }, about.classes[i]),
      element("td", {}, element("span", { className: "bar" }, inside)),
      element("td", { className: "number" }, share));
  });
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", `${name}, as input of the model`);
  const result = element("section", { className: "result" }, canvas,
    element("div", {}, element("h2", {}, about.classes[label]), element("table", {}, element("tbody", {}, ...rows)),
      element("p", { className: "soft" }, name)));
  result.dataset.label = about.classes[label];
  result.dataset.probabilities = JSON.stringify(probabilities);
  return result;
}

async function classify(files) {
  const predict = await ready;
  for (const file of files) {
    let canvas;
    try {
      canvas = await resizeImage(file);
    } catch {
      showStatus(`${file.name} can't be opened as an image; use a PNG or JPEG file.`);
      continue;
    }
    const start = performance.now();
    const prediction = await predict(getPixels(canvas));
    document.getElementById("results").prepend(renderResult(file.name, canvas, prediction));
    showStatus(`${about.model} took ${(performance.now() - start).toFixed(1)} ms for ${file.name}.`);
  }
}

const ready = load();
ready.then(() => showStatus("Ready."), (error) => showStatus(`This browser can't run the model: ${error.message}`));
const drop = document.getElementById("drop");
const input = document.getElementById("files");
input.addEventListener("change", () => classify([...input.files]).then(() => { input.value = ""; }));
/* On the whole page, since the browser would open an image that is dropped outside of the field. */
addEventListener("dragover", (event) => { event.preventDefault(); drop.classList.add("over"); });
addEventListener("dragleave", () => drop.classList.remove("over"));
addEventListener("drop", (event) => {
  event.preventDefault();
  drop.classList.remove("over");
  classify([...event.dataTransfer.files]);
});
