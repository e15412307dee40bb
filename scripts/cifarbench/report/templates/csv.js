// Lists of images as CSV files, which the configuration's `exclude` and `relabel` read.

export const COLUMNS = { exclude: ["split", "index"], relabel: ["split", "index", "label"] };
const quoted = (text) => (/[",;\t\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

// Downloads the rows of a list; equal rows are one.
export const download = (list, rows) => {
  const lines = new Set([COLUMNS[list], ...rows].map((row) => row.map(quoted).join(",")));
  const url = URL.createObjectURL(new Blob([...lines].map((line) => `${line}\n`), { type: "text/csv" }));
  const link = document.createElement("a");
  Object.assign(link, { href: url, download: `${list}.csv` });
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 1000);
};
