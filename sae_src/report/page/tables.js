// Tables that are sorted by a click on the head of a column, and filtered by words.

function cellValue(row, column) {
  const value = row.cells[column].dataset.value;
  return value === undefined || value === "" ? null : value;
}

function compareValues(one, other, isNumeric) {
  return isNumeric ? Number(one) - Number(other) : one.localeCompare(other, "en", { numeric: true });
}

// Sort rows by a column, where values are missing last; ties stay in their order.
function sortTable(table, column, direction) {
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head) => head.removeAttribute("aria-sort"));
  heads[column].setAttribute("aria-sort", direction);
  const isNumeric = heads[column].classList.contains("numeric");
  const sign = direction === "ascending" ? 1 : -1;
  const body = table.tBodies[0];
  const rows = [...body.rows].map((row) => [cellValue(row, column), row]);
  rows.sort(([one], [other]) => {
    if (one === null || other === null) return (one === null) - (other === null);
    return sign * compareValues(one, other, isNumeric);
  });
  body.append(...rows.map(([, row]) => row));
}

function prepareTable(table) {
  [...table.tHead.rows[0].cells].forEach((head, column) => {
    head.querySelector("button").addEventListener("click", () => {
      const first = head.dataset.good === "high" ? "descending" : "ascending";
      const other = first === "ascending" ? "descending" : "ascending";
      sortTable(table, column, head.getAttribute("aria-sort") === first ? other : first);
    });
  });
}

function filterTable(table, words) {
  const rows = [...table.tBodies[0].rows];
  rows.forEach((row) => { row.hidden = !holdsWords(row.textContent, words); });
  const shown = rows.filter((row) => !row.hidden).length;
  const count = table.parentElement.previousElementSibling.querySelector(".count");
  count.textContent = shown === rows.length ? `(${rows.length})` : `(${shown} of ${rows.length})`;
}

function prepareTables() {
  for (const part of document.querySelectorAll(".data-set")) {
    const tables = [...part.querySelectorAll("table.sortable")];
    const input = part.querySelector(".filter input");
    const filter = () => tables.forEach((table) => filterTable(table, input.value));
    tables.forEach(prepareTable);
    input.addEventListener("input", filter);
    filter();
  }
}
