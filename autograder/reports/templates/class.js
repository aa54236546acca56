"use strict";
// Tables that can be sorted: a button in each heading, aria-sort on the one that is sorted by, a word to screen readers.
for (const table of document.querySelectorAll("table.sortable")) {
  const heads = Array.from(table.tHead.rows[0].cells);
  const body = table.tBodies[0];
  const said = document.getElementById("sorted");
  heads.forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const up = head.getAttribute("aria-sort") !== "ascending";
      for (const other of heads) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", up ? "ascending" : "descending");
      const rows = Array.from(body.rows, (row) => {
        const cell = row.cells[column];
        const text = cell.dataset.value ?? cell.textContent.trim();
        const number = text === "" ? NaN : Number(text);
        return { row, text, number };
      });
      rows.sort((a, b) => {
        if ((a.text === "") !== (b.text === "")) return a.text === "" ? 1 : -1; // nothing comes last, either way
        const numbers = !Number.isNaN(a.number) && !Number.isNaN(b.number);
        const order = numbers ? a.number - b.number : a.text.localeCompare(b.text, undefined, { numeric: true });
        return up ? order : -order;
      });
      body.append(...rows.map(({ row }) => row));
      const name = table.caption.querySelector("strong").textContent;
      said.textContent = `${name}: sorted by ${button.textContent.trim()}, ${up ? "ascending" : "descending"}`;
    });
  });
}
