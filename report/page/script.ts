/** What the page does by itself: sorts tables, copies checksums, opens folds before it is printed. It asks nothing of anybody. */

export const SCRIPT = `
for (const button of document.querySelectorAll(".sort")) button.onclick = () => {
  const head = button.parentNode, table = head.closest("table"), column = head.cellIndex;
  const isNumeric = head.classList.contains("num"), before = head.getAttribute("aria-sort");
  const down = before !== "descending" && (isNumeric || before === "ascending");
  for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
  head.setAttribute("aria-sort", down ? "descending" : "ascending");
  const inBodies = table.tBodies.length > 1;
  const list = [...(inBodies ? table.tBodies : table.tBodies[0].rows)];
  const key = (row) => {
    const cell = (inBodies ? row.rows[0] : row).cells[column];
    return cell.dataset.v ?? cell.textContent;
  };
  list.sort((a, b) => isNumeric ? key(a) - key(b) : key(a).localeCompare(key(b), "en", { numeric: true }));
  if (down) list.reverse();
  (inBodies ? table : table.tBodies[0]).append(...list);
};
for (const button of document.querySelectorAll(".copy")) button.onclick = async () => {
  try {
    await navigator.clipboard.writeText(button.dataset.copy);
    button.textContent = "copied";
  } catch {
    getSelection().selectAllChildren(button.previousSibling);
    button.textContent = "selected";
  }
  setTimeout(() => { button.textContent = "copy"; }, 1200);
};
addEventListener("beforeprint", () => {
  for (const fold of document.querySelectorAll("details")) fold.open = true;
});
`.trim();
