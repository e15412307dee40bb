// Sort a table by the column whose head is pressed; pressed again, the other way round.
for (const table of document.querySelectorAll("table.sortable")) {
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const textual = head.classList.contains("text");
      // Numbers are sorted in descending order first, names in ascending order.
      const first = textual ? "ascending" : "descending";
      const other = textual ? "descending" : "ascending";
      const direction = head.getAttribute("aria-sort") === first ? other : first;
      heads.forEach((each) => each.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", direction);
      // A row may end in a wide cell, with nothing in the columns that it covers.
      const value = ({ cells: { [column]: cell } }) => cell?.dataset.value ?? cell?.textContent.trim() ?? "";
      const sign = direction === "ascending" ? 1 : -1;
      const order = (a, b) => {
        const [x, y] = [value(a), value(b)];
        if (x === "" || y === "") return (x === "") - (y === "");
        return sign * (textual || Number.isNaN(x - y) ? x.localeCompare(y, document.documentElement.lang, { numeric: true }) : x - y);
      };
      // The parts of a table are sorted separately.
      for (const body of table.tBodies) body.append(...[...body.rows].sort(order));
    });
  });
}
