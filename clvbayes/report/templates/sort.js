for (const table of document.querySelectorAll("table.sortable")) {
  const heads = [...table.tHead.rows[0].cells];
  for (const head of heads.filter((head) => !head.classList.contains("bar"))) {
    const button = document.createElement("button");
    button.type = "button";
    button.title = table.dataset.hint;
    button.append(...head.childNodes);
    head.append(button);
    button.onclick = () => {
      const up = head.getAttribute("aria-sort") === "descending" ? 1 : -1, place = head.cellIndex, body = table.tBodies[0];
      const key = (row) => row.cells[place].dataset.key;
      for (const other of heads) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", up > 0 ? "ascending" : "descending");
      const order = head.classList.contains("text") ? (a, b) => key(b).localeCompare(key(a)) : (a, b) => key(a) - key(b);
      body.append(...[...body.rows].sort((a, b) => up * order(a, b)));
    };
  }
}
