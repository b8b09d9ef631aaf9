// The editor: a text area over its own painted copy, with completion from the caller's view of the graph.
import { graph } from "./docs.js";
import { $, element, named, typeText } from "./page.js";

const TOKEN = /(#[^\n]*)|("""[\s\S]*?"""|"(?:\\.|[^"\\\n])*"?)|(\$[A-Za-z_]\w*)|(-?\d+(?:\.\d+)?)|([A-Za-z_]\w*)|(\.\.\.|[{}()[\]:!=|@&])|(\s+)|(.)/g;
const KEYWORDS = new Set(["query", "mutation", "subscription", "fragment", "true", "false", "null"]);
const MOST = 60;

export function paint() {
  const spans = [];
  let before = ["", ""];
  for (const [text, comment, string, variable, number, word, punctuation] of $("query").value.matchAll(TOKEN)) {
    const keyword = word === "on" ? isCondition(before) : KEYWORDS.has(word);
    const kind = comment ? "com" : string ? "str" : variable ? "var" : number ? "num" : keyword ? "kw" : punctuation ? "punc" : "";
    if (text.trim() && !comment) before = [before[1], text];
    spans.push(kind ? element("span", { class: `t-${kind}` }, text) : text);
  }
  $("paint").replaceChildren(...spans, "\n");
  follow();
}

/** Whether an `on` after these two tokens begins a type condition; elsewhere it is a field's name like any other. */
const isCondition = ([first, second]) => second === "..." || first === "fragment";

function follow() {
  $("paint").scrollTop = $("query").scrollTop;
  $("paint").scrollLeft = $("query").scrollLeft;
}

/** The name of the type whose fields may stand at the end of `text`; undefined where none may. */
function typeAt(schema, text) {
  const stack = [];
  let last = "", root = schema.query, parens = 0, condition = false, before = ["", ""];
  for (const [token, comment, string, variable, , word] of text.matchAll(TOKEN)) {
    if (comment || string || variable || !token.trim()) continue;
    const conditional = token === "on" && isCondition(before);
    before = [before[1], token];
    if (token === "(") parens += 1;
    else if (token === ")") parens -= 1;
    else if (parens) continue;
    else if (token === "{") {
      const field = schema.types.get(stack.at(-1))?.fields?.find((each) => each.name === last);
      stack.push(condition && schema.types.has(last) ? last : stack.length ? (field ? named(field.type) : "") : root);
      condition = false;
    } else if (token === "}") stack.pop();
    else if (conditional) condition = true;
    else if (token === "mutation" && !stack.length) root = schema.mutation ?? root;
    else if (word) last = word;
  }
  return parens ? undefined : stack.at(-1);
}

async function complete() {
  const area = $("query");
  const schema = await graph();
  const before = area.value.slice(0, area.selectionStart);
  const prefix = before.match(/[A-Za-z_]\w*$/)?.[0] ?? "";
  const type = schema?.types.get(typeAt(schema, before.slice(0, before.length - prefix.length)) ?? "");
  const fields = (type?.fields ?? []).filter((field) => field.name.toLowerCase().startsWith(prefix.toLowerCase()));
  if (!fields.length) return closeComplete();
  const option = (field, index) => element("li", {
    role: "option", id: `option-${index}`, "aria-selected": String(index === 0), "data-name": field.name,
    onmousedown: (event) => { event.preventDefault(); insert(field.name, prefix); },
  }, field.name, element("small", {}, ` ${typeText(field.type)}`));
  const list = $("complete");
  list.replaceChildren(...fields.slice(0, MOST).map(option));
  list.dataset.prefix = prefix;
  list.hidden = false;
  place(list, before.slice(0, before.length - prefix.length));
  area.setAttribute("aria-expanded", "true");
  area.setAttribute("aria-activedescendant", "option-0");
}

/** Put the list under the end of `text`, measured in the painted copy, within the editor. */
function place(list, text) {
  const range = document.createRange();
  const walker = document.createTreeWalker($("paint"), NodeFilter.SHOW_TEXT);
  let left = text.length;
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    if (left <= node.length) { range.setStart(node, left); break; }
    left -= node.length;
  }
  range.collapse(true);
  const spot = range.getClientRects()[0] ?? range.startContainer.parentElement.getBoundingClientRect();
  const frame = list.parentElement.getBoundingClientRect();
  const room = frame.bottom - spot.bottom;
  list.style.left = `${Math.max(4, Math.min(spot.left - frame.left, frame.width - list.offsetWidth - 8))}px`;
  list.style.top = `${room > list.offsetHeight + 8 ? spot.bottom - frame.top + 4 : Math.max(4, spot.top - frame.top - list.offsetHeight - 4)}px`;
}

export function closeComplete() {
  $("complete").hidden = true;
  $("query").setAttribute("aria-expanded", "false");
  $("query").removeAttribute("aria-activedescendant");
}

function insert(name, prefix) {
  const area = $("query");
  area.setRangeText(name, area.selectionStart - prefix.length, area.selectionStart, "end");
  closeComplete();
  paint();
}

function move(step) {
  const items = [...$("complete").children];
  const index = items.findIndex((item) => item.getAttribute("aria-selected") === "true");
  const next = (index + step + items.length) % items.length;
  items.forEach((item, each) => item.setAttribute("aria-selected", String(each === next)));
  items[next].scrollIntoView({ block: "nearest" });
  $("query").setAttribute("aria-activedescendant", items[next].id);
}

function newLine() {
  const area = $("query");
  const line = area.value.slice(0, area.selectionStart).split("\n").at(-1);
  const indent = line.match(/^ */)[0] + (/[{(]\s*$/.test(line) ? "  " : "");
  area.setRangeText("\n" + indent, area.selectionStart, area.selectionEnd, "end");
  paint();
}

function keys(event, run) {
  const list = $("complete");
  const chosen = () => list.querySelector("[aria-selected=true]").dataset.name;
  if ((event.ctrlKey || event.metaKey) && event.key === "Enter") { closeComplete(); run(); }
  else if (event.ctrlKey && event.key === " ") complete();
  else if (event.key === "Enter" && list.hidden) newLine();
  else if (list.hidden) return; // Tab leaves the editor, as everywhere else
  else if (event.key === "Escape") closeComplete();
  else if (event.key === "ArrowDown") move(1);
  else if (event.key === "ArrowUp") move(-1);
  else if (event.key === "Enter" || event.key === "Tab") insert(chosen(), list.dataset.prefix);
  else return;
  event.preventDefault();
}

/** Make the editor live; `run` is called for Ctrl+Enter. */
export function startEditor(run) {
  const area = $("query");
  area.addEventListener("input", () => { paint(); if (!$("complete").hidden) complete(); });
  area.addEventListener("scroll", follow);
  area.addEventListener("keydown", (event) => keys(event, run));
  area.addEventListener("blur", closeComplete);
}
