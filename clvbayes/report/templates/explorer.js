// The plan explorer: two sliders choose a row of the table of all computed plans, whose cells are shown as they stand there.
for (const explorer of document.querySelectorAll(".explorer")) {
  const rows = [...explorer.parentElement.querySelector("tbody").rows];
  const keys = (row) => [...row.cells].map((cell) => cell.dataset.key);
  const plans = new Map(rows.map((row) => [keys(row).slice(0, 2).join(" "), [...row.cells]]));
  const sliders = [...explorer.querySelectorAll("input")];
  const worth = [...explorer.querySelectorAll("dd")], spends = [...explorer.querySelectorAll("li")];
  const largest = Math.max(...rows.flatMap((row) => keys(row).slice(-spends.length).map(Number)));
  const show = () => {
    const chosen = sliders.map((slider) => slider.list.options[slider.value]);
    sliders.forEach((slider, place) => {
      slider.ariaValueText = slider.nextElementSibling.textContent = chosen[place].label;
    });
    const plan = plans.get(chosen.map((option) => option.dataset.key).join(" "));
    explorer.querySelector(".clash").hidden = Boolean(plan);
    explorer.querySelector(".plan").hidden = !plan;
    if (!plan) return;
    worth.forEach((shown, place) => (shown.textContent = plan[2 + place].textContent));
    spends.forEach((spend, place) => {
      const cell = plan[plan.length - spends.length + place];
      spend.querySelector(".spent").textContent = cell.textContent;
      spend.querySelector(".fill").style.width = `${largest > 0 ? (100 * Math.max(Number(cell.dataset.key), 0)) / largest : 0}%`;
    });
  };
  for (const slider of sliders) slider.oninput = show;
  explorer.hidden = false;
  show();
}
