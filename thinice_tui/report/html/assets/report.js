"use strict";
// The table of samples: sorted and filtered in the browser, from the JSON in the page. Strings become text nodes only.
(function () {
  const data = JSON.parse(document.getElementById("data").textContent);
  const columns = data.columns;
  const count = columns[0].numbers.length;
  const byKey = new Map(columns.map((column) => [column.key, column]));
  const sets = columns.filter((column) => column.key.startsWith("set"));
  const PAGE = 200;
  const SETS = { "▼": "S10", "▲": "S01", "●": "S11", "○": "S00" };
  const state = { sort: "margin", down: false, rows: PAGE };
  const filters = {};

  function element(name, text, attributes) {
    const made = document.createElement(name);
    if (text !== undefined) made.textContent = text;
    for (const [key, value] of Object.entries(attributes || {})) made.setAttribute(key, value);
    return made;
  }

  function shown(column, row) {
    if (column.numbers) return column.numbers[row] === null ? "–" : String(column.numbers[row]);
    return column.codes[row] < 0 ? "–" : column.names[column.codes[row]];
  }

  function control(key, label, made) {
    const wrapped = element("label", label);
    made.id = "filter-" + key;
    made.addEventListener("input", () => { state.rows = PAGE; draw(); });
    wrapped.append(made);
    filters[key] = made;
    return wrapped;
  }

  function choice(key, label, names) {
    const made = element("select");
    made.append(element("option", "all", { value: "" }));
    names.forEach((name, code) => made.append(element("option", name, { value: code })));
    return control(key, label, made);
  }

  function buildFilter() {
    const form = document.getElementById("filter");
    form.append(control("sample", "sample number", element("input", undefined, { type: "number" })));
    form.append(choice("label", "class", byKey.get("label").names));
    form.append(control("low", "dense margin from", element("input", undefined, { type: "number", step: "any" })));
    form.append(control("high", "to", element("input", undefined, { type: "number", step: "any" })));
    form.append(choice("dense", "dense broken by", byKey.get("dense").names));
    for (const column of sets) form.append(choice(column.key, column.title, column.names));
    const clear = element("button", "Clear", { type: "reset" });
    form.append(clear);
    form.addEventListener("reset", () => setTimeout(() => { state.rows = PAGE; draw(); }));
    form.addEventListener("submit", (event) => event.preventDefault());
  }

  function buildHead() {
    const row = element("tr");
    for (const column of columns) {
      const cell = element("th", undefined, { scope: "col", class: column.numbers ? "right" : "left" });
      const button = element("button", column.title, { type: "button" });
      button.addEventListener("click", () => sortBy(column.key));
      cell.append(button);
      cell.dataset.key = column.key;
      row.append(cell);
    }
    document.querySelector("#table thead").append(row);
  }

  function sortBy(key) {
    state.down = state.sort === key && !state.down;
    state.sort = key;
    draw();
  }

  function passes(row) {
    const margin = byKey.get("margin").numbers[row];
    if (filters.sample.value !== "" && byKey.get("sample").numbers[row] !== Number(filters.sample.value)) return false;
    if (filters.low.value !== "" && !(margin !== null && margin >= Number(filters.low.value))) return false;
    if (filters.high.value !== "" && !(margin !== null && margin <= Number(filters.high.value))) return false;
    return ["label", "dense", ...sets.map((column) => column.key)].every(
      (key) => filters[key].value === "" || byKey.get(key).codes[row] === Number(filters[key].value));
  }

  function order() {
    const column = byKey.get(state.sort);
    const values = column.numbers || column.codes.map((code) => (code < 0 ? null : code));
    const rows = [];
    for (let row = 0; row < count; row += 1) if (passes(row)) rows.push(row);
    const sign = state.down ? -1 : 1;
    return rows.sort((a, b) => {  // unknown values last, whichever way
      if (values[a] === values[b]) return a - b;
      if (values[a] === null) return 1;
      if (values[b] === null) return -1;
      return sign * (values[a] - values[b]);
    });
  }

  function draw() {
    const rows = order();
    const body = element("tbody");
    for (const row of rows.slice(0, state.rows)) {
      const line = element("tr");
      for (const column of columns) {
        const cell = element("td", shown(column, row), { class: column.numbers ? "right" : "left" });
        if (column.key.startsWith("set")) cell.dataset.set = SETS[cell.textContent[0]] || "?";
        line.append(cell);
      }
      body.append(line);
    }
    document.querySelector("#table tbody").replaceWith(body);
    for (const cell of document.querySelectorAll("#table thead th")) {
      const sorted = cell.dataset.key === state.sort;
      if (sorted) cell.setAttribute("aria-sort", state.down ? "descending" : "ascending");
      else cell.removeAttribute("aria-sort");
    }
    const visible = Math.min(state.rows, rows.length);
    const of = data.total === count ? String(count) : count + " (" + data.total + " in the run)";
    document.getElementById("count").textContent =
      rows.length + " of " + of + " samples match; " + (visible === rows.length ? "all" : "the first " + visible) + " shown.";
    document.getElementById("more").hidden = visible === rows.length;
  }

  function readAddress() {  // #sort=margin&down=1&set1=0 opens the page with that order and filter
    const asked = new URLSearchParams(location.hash.slice(1));
    if (byKey.has(asked.get("sort"))) state.sort = asked.get("sort");
    state.down = asked.get("down") === "1";
    for (const [key, made] of Object.entries(filters)) if (asked.has(key)) made.value = asked.get(key);
  }

  buildFilter();
  buildHead();
  readAddress();
  document.getElementById("more").addEventListener("click", () => { state.rows += PAGE; draw(); });
  draw();
})();
