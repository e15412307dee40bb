// Thumbnails, cut from the sheets in which the page has them.

import { meta } from "./data.js";

const { width, height, cellWidth, cellHeight, columns, perSheet } = meta.thumbnails;
const texts = [...document.querySelectorAll("script.sheet")];
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

// Draws an image on a new canvas, which style sheets scale. The canvas is hidden from screen readers.
export const thumbnail = (i, className) => {
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
