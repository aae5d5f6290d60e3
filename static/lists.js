// Ticks on a list, all at once and counted. Without JavaScript the link loads the page anew, with every row ticked.
const all = document.querySelector("[data-tick-all]");
const go = document.querySelector("[data-ticked]");
const ticks = [...document.querySelectorAll("input.tick")];

function count() {
  const number = ticks.filter((tick) => tick.checked).length;
  all.textContent = `${number === ticks.length ? "Untick" : "Tick"} all ${ticks.length} on this page`;
  go.textContent = number ? `Mass Update of the ${number} ticked…` : "Mass Update of those ticked…";
}

if (all) {
  all.addEventListener("click", (event) => {
    event.preventDefault();
    const wanted = ticks.some((tick) => !tick.checked);
    for (const tick of ticks) tick.checked = wanted;
    count();
  });
  document.addEventListener("change", count);
  window.addEventListener("pageshow", count); // a browser that goes back restores ticks
}
