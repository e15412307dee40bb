"use strict";
const about = JSON.parse(document.getElementById("about").textContent);
const say = (text) => { document.getElementById("status").textContent = text; };

/* What the page carries: packed by gzip, as base64. */
async function unpacked(id) {
  const element = document.getElementById(id);
  const bytes = Uint8Array.from(atob(element.textContent), (letter) => letter.charCodeAt(0));
  element.remove();
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

async function load() {
  const script = new Blob([await unpacked("script")], { type: "text/javascript" });
  const ort = await import(URL.createObjectURL(script));
  ort.env.wasm.numThreads = 1;
  ort.env.wasm.wasmBinary = await unpacked("machine-code");
  const session = await ort.InferenceSession.create(await unpacked("content"), { executionProviders: ["wasm"] });
  return (pixels) => {
    const [input, probabilities, label] = about.names;
    const shape = [1, about.channels, about.height, about.width];
    return session.run({ [input]: new ort.Tensor("uint8", pixels, shape) }).then((found) => ({
      probabilities: Array.from(found[probabilities].data),
      label: Number(found[label].data[0]),
    }));
  };
}

/* A picture scaled to fill the model's size, what stands over cut off on both sides alike; exact if it has that size. */
async function drawn(file) {
  const picture = await createImageBitmap(file, { colorSpaceConversion: "none" });
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [about.width, about.height];
  const scale = Math.max(about.width / picture.width, about.height / picture.height);
  const [width, height] = [picture.width * scale, picture.height * scale];
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.imageSmoothingQuality = "high";
  context.imageSmoothingEnabled = scale !== 1;
  context.drawImage(picture, (about.width - width) / 2, (about.height - height) / 2, width, height);
  return canvas;
}

/* Channel by channel, as the model takes them; grey as Pillow weighs colours. */
function pixelsOf(canvas) {
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
  const made = Object.assign(document.createElement(name), attributes);
  made.append(...inside);
  return made;
}

function shown(name, canvas, { probabilities, label }) {
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
  canvas.setAttribute("aria-label", `${name}, as the model sees it`);
  const answer = element("section", { className: "answer" }, canvas,
    element("div", {}, element("h2", {}, about.classes[label]), element("table", {}, element("tbody", {}, ...rows)),
      element("p", { className: "soft" }, name)));
  answer.dataset.label = about.classes[label];
  answer.dataset.probabilities = JSON.stringify(probabilities);
  return answer;
}

async function answer(files) {
  const ask = await ready;
  for (const file of files) {
    let canvas;
    try {
      canvas = await drawn(file);
    } catch {
      say(`${file.name} is no picture that this browser can open; take a PNG or a JPEG.`);
      continue;
    }
    const start = performance.now();
    const found = await ask(pixelsOf(canvas));
    document.getElementById("answers").prepend(shown(file.name, canvas, found));
    say(`${about.model} took ${(performance.now() - start).toFixed(1)} ms for ${file.name}.`);
  }
}

const ready = load();
ready.then(() => say("Ready."), (error) => say(`This browser can't run the model: ${error.message}`));
const drop = document.getElementById("drop");
const input = document.getElementById("files");
input.addEventListener("change", () => answer([...input.files]).then(() => { input.value = ""; }));
/* Anywhere on the page, so that a picture dropped beside the field does not replace the page. */
addEventListener("dragover", (event) => { event.preventDefault(); drop.classList.add("over"); });
addEventListener("dragleave", () => drop.classList.remove("over"));
addEventListener("drop", (event) => {
  event.preventDefault();
  drop.classList.remove("over");
  answer([...event.dataTransfer.files]);
});
