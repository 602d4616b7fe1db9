// Tables: sorted by their headers, filtered by words, folded to their first rows. On paper every row stands.
{
  // A few more rows than the first are shown at once: a button that shows two more is in the way.
  const FIRST = 20, LONG = 24, FILTERED_FROM = 11;
  const language = document.documentElement.lang, says = document.body.dataset;
  const fill = (template, numbers) => template.replace(/\{(\w+)\}/g, (_, name) => numbers[name].toLocaleString(language));
  const make = (tag, properties) => Object.assign(document.createElement(tag), properties);

  // Numbers before words, words as the language orders them.
  const compare = (a, b) => {
    const [x, y] = [Number(a || NaN), Number(b || NaN)];
    return Number.isNaN(x) || Number.isNaN(y) ? Number.isNaN(x) - Number.isNaN(y) || a.localeCompare(b, language) : x - y;
  };

  const sortable = (table, changed) => {
    const heads = [...table.tHead.rows[0].cells], body = table.tBodies[0];
    for (const head of heads.filter((head) => !head.classList.contains("bar"))) {
      const button = make("button", { type: "button", title: says.sort });
      button.append(...head.childNodes);
      head.append(button);
      button.onclick = () => {
        const now = head.getAttribute("aria-sort"), words = head.classList.contains("text"), place = head.cellIndex;
        const rises = now ? now === "descending" : words;
        for (const other of heads) other.removeAttribute("aria-sort");
        head.setAttribute("aria-sort", rises ? "ascending" : "descending");
        const key = (row) => row.cells[place].dataset.key;
        body.append(...[...body.rows].sort((a, b) => (rises ? 1 : -1) * compare(key(a), key(b))));
        changed();
      };
    }
  };

  // What names a row, and words; numbers elsewhere would be found where nobody looks for them.
  const wordsOf = (row) => [...row.cells].filter((cell) => !cell.cellIndex || cell.matches(".text, .fact, .status"));

  const filter = (box, rows, changed) => {
    const told = (row) => wordsOf(row).map((cell) => cell.textContent).join(" ").toLocaleLowerCase(language);
    const texts = new Map(rows.map((row) => [row, told(row)]));
    const tools = make("div", { className: "tools" }), count = make("output", {});
    const field = make("input", { type: "search", placeholder: says.filter, ariaLabel: `${says.filter}: ${box.dataset.title}` });
    field.oninput = () => {
      const asked = field.value.toLocaleLowerCase(language).split(/\s+/);
      for (const row of rows) row.classList.toggle("unasked", !asked.every((word) => texts.get(row).includes(word)));
      const shown = rows.filter((row) => !row.classList.contains("unasked")).length;
      count.textContent = field.value.trim() ? fill(says.filtered, { shown, rows: rows.length }) : "";
      changed();
    };
    tools.append(field, count);
    box.before(tools);
  };

  const foldable = (box, body) => {
    const button = make("button", { type: "button", className: "fold", ariaExpanded: "false" });
    const fold = () => {
      const asked = [...body.rows].filter((row) => !row.classList.contains("unasked")), open = button.ariaExpanded === "true";
      asked.forEach((row, place) => row.classList.toggle("folded", !open && asked.length > LONG && place >= FIRST));
      button.hidden = asked.length <= LONG;
      button.textContent = fill(open ? says.first : says.all, { rows: open ? FIRST : asked.length });
    };
    button.onclick = () => {
      button.ariaExpanded = String(button.ariaExpanded !== "true");
      fold();
    };
    box.after(button);
    fold();
    return fold;
  };

  for (const table of document.querySelectorAll(".scroll > table")) {
    const box = table.parentElement, body = table.tBodies[0], rows = [...body.rows];
    const fold = rows.length > LONG ? foldable(box, body) : () => {};
    if (rows.length >= FILTERED_FROM) filter(box, rows, fold);
    if (table.classList.contains("sortable")) sortable(table, fold);
  }

  // What scrolls sideways can be reached with the keyboard.
  const reach = () => {
    for (const box of document.querySelectorAll(".scroll")) {
      if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
      else box.removeAttribute("tabindex");
    }
  };
  addEventListener("resize", reach);
  reach();
}
