/** The search of a page. Results are made as text nodes: nothing of the index is taken for HTML. */
const { options, index } = window.SEARCH;
const search = window.MiniSearch.loadJSON(index, options);
const input = document.querySelector("input[type=search]");
const found = document.querySelector(".found");
const root = document.body.dataset.root;

function element(name, text, attributes = {}) {
  const made = document.createElement(name);
  made.textContent = text;
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

function show() {
  const query = input.value.trim();
  found.replaceChildren();
  if (query === "") return;
  const results = search.search(query, { prefix: true, fuzzy: 0.15, boost: { title: 4 } }).slice(0, 12);
  found.append(element("p", results.length === 0 ? "Nothing found." : `${results.length} places`));
  for (const { id, title, page, excerpt } of results) {
    const item = element("a", "", { href: root + id });
    item.append(element("b", title), element("span", title === page ? "" : page), element("small", excerpt));
    found.append(item);
  }
}

input.addEventListener("input", show);
input.form.addEventListener("submit", (event) => {
  event.preventDefault();
  found.querySelector("a")?.click();
});
document.addEventListener("keydown", (event) => {
  if (event.key === "/" && document.activeElement !== input) {
    event.preventDefault();
    input.focus();
  }
  if (event.key === "Escape") {
    input.value = "";
    show();
  }
});
// On a phone the menu is folded until it is asked for.
if (window.innerWidth < 900) document.querySelector("details.menu").open = false;
