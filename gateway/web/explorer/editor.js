// The editor: a text area over its own painted copy, with completion from the caller's view of the graph.
import { isCondition, suggest, TOKEN } from "./complete.js";
import { graph } from "./docs.js";
import { $, element } from "./page.js";

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

function follow() {
  $("paint").scrollTop = $("query").scrollTop;
  $("paint").scrollLeft = $("query").scrollLeft;
}

async function complete() {
  const area = $("query");
  const schema = await graph();
  if (!schema) return closeComplete();
  const before = area.value.slice(0, area.selectionStart);
  const { prefix, options } = suggest(schema, before, area.value);
  if (!options.length) return closeComplete();
  const list = $("complete");
  list.replaceChildren(...options.slice(0, MOST).map((option, index) => element("li", {
    role: "option", id: `option-${index}`, "aria-selected": String(index === 0), "data-name": option.name, "data-insert": option.insert ?? option.name,
    title: option.description ?? undefined,
    onmousedown: (event) => { event.preventDefault(); insert(option.insert ?? option.name, prefix); },
  }, option.name, element("small", {}, ` ${option.detail}`))));
  list.dataset.prefix = prefix;
  list.hidden = false;
  place(list, before.slice(0, before.length - prefix.length));
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
  const chosen = () => list.querySelector("[aria-selected=true]").dataset.insert;
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
