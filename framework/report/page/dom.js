// Elements of the page. Whatever a document says goes in as text.
"use strict";

let lastId = 0;
const newId = (prefix) => `${prefix}-${++lastId}`;

// el("p", {class: "quiet"}, "text", child): null children are left out, and null attributes.
function el(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
}

// A cell is a text, or {text, small, class, node}.
function cell(tag, content, column, attributes = {}) {
  const value = content !== null && typeof content === "object" ? content : {text: content};
  const long = tag === "th" && String(value.text ?? "").length > 16;
  const classes = [column.number ? "number" : null, column.wrap ? "wrap" : null, long ? "long" : null, value.class].filter(Boolean).join(" ");
  return el(tag, {class: classes || null, ...attributes}, value.node ?? value.text ?? "",
            value.small ? el("small", {}, value.small) : null);
}

// A table that scrolls by itself where it is too wide: a group, for there are too many to be landmarks. Columns are
// {title, number, wrap}; the first cell of a row is its heading.
function table({caption, columns, rows, tall = false}) {
  const head = el("thead", {}, el("tr", {}, columns.map((column) => cell("th", column.title, column, {scope: "col"}))));
  const body = el("tbody", {}, rows.map((row) => el("tr", {}, row.map((content, i) => (
    i === 0 ? cell("th", content, columns[i], {scope: "row"}) : cell("td", content, columns[i]))))));
  return el("div", {class: tall ? "scroll tall" : "scroll", role: "group", tabindex: "0", "aria-label": caption},
            el("table", {}, el("caption", {}, caption), head, body));
}

// What is built when it is opened.
function foldedTable(summary, build) {
  const details = el("details", {}, el("summary", {}, summary));
  details.addEventListener("toggle", () => {
    if (details.open && details.childElementCount === 1) details.append(build());
  });
  return details;
}

const badge = (kind, text) => el("span", {class: `badge ${kind}`}, text);
