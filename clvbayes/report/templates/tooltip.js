// Values under the pointer: of bands and bars in tables, and of the marks of figures that carry a title.
{
  const tooltip = document.createElement("div");
  tooltip.className = "tooltip";
  tooltip.ariaHidden = "true";
  tooltip.hidden = true;
  document.body.append(tooltip);
  // Otherwise browsers would show the title as well.
  for (const title of document.querySelectorAll("svg .tip > title")) {
    title.parentElement.dataset.tip = title.textContent;
    title.remove();
  }
  const point = (event) => {
    const mark = event.target instanceof Element && event.target.closest(".tip, svg.band, svg.bar");
    tooltip.hidden = !mark;
    if (!mark) return;
    tooltip.textContent = mark.dataset.tip ?? mark.getAttribute("aria-label");
    const room = document.documentElement.clientWidth - tooltip.offsetWidth - 8, above = event.clientY - tooltip.offsetHeight - 12;
    tooltip.style.left = `${Math.max(8, Math.min(event.clientX + 12, room))}px`;
    tooltip.style.top = `${above > 4 ? above : event.clientY + 18}px`;
  };
  document.addEventListener("pointermove", point);
  document.addEventListener("pointerdown", point);
  document.addEventListener("scroll", () => (tooltip.hidden = true), { capture: true, passive: true });
  document.addEventListener("keydown", (event) => event.key === "Escape" && (tooltip.hidden = true));
}
