(() => {
  "use strict";
  const field = document.getElementById("search");
  const told = document.getElementById("found");
  const lines = [...document.querySelectorAll("[data-line]")].map((line) => [line, line.textContent.toLowerCase()]);
  const tables = [...document.querySelectorAll("details[data-table]")];
  const parts = [...document.querySelectorAll("section[data-part]")];
  const opened = new Map(tables.map((table) => [table, table.open]));
  const find = () => {
    const wanted = field.value.trim().toLowerCase();
    document.body.classList.toggle("searching", wanted !== "");
    let count = 0;
    for (const [line, text] of lines) {
      line.hidden = !text.includes(wanted);
      count += line.hidden ? 0 : 1;
    }
    for (const table of tables) {
      const some = table.querySelector("[data-line]:not([hidden])") !== null;
      table.hidden = wanted !== "" && !some;
      table.open = wanted === "" ? opened.get(table) : some;
    }
    for (const part of parts) {
      part.hidden = wanted !== "" && part.querySelector("[data-line]:not([hidden])") === null;
    }
    told.textContent = wanted === "" ? "" : told.dataset.said.replace("0", count.toLocaleString());
  };
  field.addEventListener("input", find);
  document.getElementById("finder").hidden = false;
  window.addEventListener("beforeprint", () => tables.forEach((table) => { table.open = true; }));
})();
