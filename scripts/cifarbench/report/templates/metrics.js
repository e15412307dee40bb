// Show one metric's column of the comparison, chosen by name. Without scripts, all columns are shown.
for (const chooser of document.querySelectorAll(".metrics")) {
  const select = chooser.querySelector("select");
  const table = chooser.parentElement.querySelector("table");
  const columns = [...select.options].map((option) => Number(option.value));
  const show = () => {
    for (const row of table.rows) {
      // Rows of failed models have fewer cells.
      if (row.cells.length < table.tHead.rows[0].cells.length) continue;
      for (const column of columns) row.cells[column].hidden = column !== Number(select.value);
    }
  };
  chooser.hidden = false;
  select.addEventListener("change", show);
  show();
}
