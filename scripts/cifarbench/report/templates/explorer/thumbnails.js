// Thumbnails, cut from the sheets in which the page has them.

import { meta } from "./data.js";

// Returns a function that draws an image on a new canvas, which style sheets scale. The canvas is hidden from screen readers.
const cutter = (kind, { width, height, cellWidth, cellHeight, columns, perSheet }) => {
  const texts = [...document.querySelectorAll(`script.sheet.${kind}`)];
  const sheets = new Map();
  const sheetOf = (i) => {
    const number = Math.floor(i / perSheet);
    if (!sheets.has(number)) {
      const image = new Image();
      image.src = `data:image/webp;base64,${texts[number].textContent.trim()}`;
      sheets.set(number, image.decode().then(() => image));
    }
    return sheets.get(number);
  };
  return (i, className) => {
    const canvas = document.createElement("canvas");
    Object.assign(canvas, { width, height, className });
    canvas.setAttribute("aria-hidden", "true");
    sheetOf(i).then((sheet) => {
      const cell = i % perSheet;
      const [x, y] = [(cell % columns) * cellWidth, Math.floor(cell / columns) * cellHeight];
      canvas.getContext("2d").drawImage(sheet, x, y, width, height, 0, 0, width, height);
      canvas.dataset.drawn = i;
    });
    return canvas;
  };
};
export const thumbnail = cutter("test", meta.thumbnails);
// With too many training images, the page has no thumbnails of them.
export const trainThumbnail = meta.neighbors?.thumbnails ? cutter("train", meta.neighbors.thumbnails) : () => null;
