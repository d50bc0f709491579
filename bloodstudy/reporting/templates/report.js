
"use strict";
// On a small screen the contents are folded, so that the answers come first; without scripts they stand open.
if (window.matchMedia("(max-width: 40rem)").matches) document.querySelector("nav details").open = false;
// Tables are sorted by a button in their headers; without scripts they stand as they were written.
const read = (row, column) => row.cells[column].textContent.trim();
const number = (text) => /^[-+−]?[\d.,]+/.test(text) ? parseFloat(text.replace(/,/g, "").replace("−", "-")) : NaN;
function compare(one, other, column) {
  const [a, b] = [read(one, column), read(other, column)];
  const [x, y] = [number(a), number(b)];
  if (a === "–" || b === "–") return null;
  return Number.isNaN(x) || Number.isNaN(y) ? a.localeCompare(b, "en", { numeric: true }) : x - y;
}
function sort(header, column) {
  const body = header.closest("table").tBodies[0];
  const down = header.getAttribute("aria-sort") === "ascending";
  for (const other of header.parentNode.cells) other.removeAttribute("aria-sort");
  header.setAttribute("aria-sort", down ? "descending" : "ascending");
  const rows = Array.from(body.rows).sort((one, other) => {
    const found = compare(one, other, column);
    if (found === null) return (read(one, column) === "–") - (read(other, column) === "–");  // no number: at the end
    return down ? -found : found;
  });
  body.append(...rows);
}
for (const table of document.querySelectorAll("table")) {
  if (!table.tHead || table.tBodies.length !== 1 || table.tBodies[0].rows.length < 2) continue;
  Array.from(table.tHead.rows[0].cells).forEach((header, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...header.childNodes);
    header.append(button);
    button.addEventListener("click", () => sort(header, column));
  });
}
