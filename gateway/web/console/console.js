// Small conveniences; every page works without them.
"use strict";
for (const button of document.querySelectorAll("button[data-sure]")) {
  button.addEventListener("click", (event) => { if (!window.confirm(button.dataset.sure)) event.preventDefault(); });
}
for (const box of document.querySelectorAll("input[data-narrow]")) {
  const rows = document.querySelectorAll(box.dataset.narrow);
  box.closest("label").hidden = false;
  box.addEventListener("input", () => {
    const wanted = box.value.toLowerCase();
    for (const row of rows) row.hidden = !row.textContent.toLowerCase().includes(wanted);
  });
}
