// What was asked in this tab, newest first. It is kept as long as the tab and no longer, and no answer is kept at all:
// variables name people, and this page is no place to keep them.
import { $, element } from "./page.js";

const KEY = "two-way-street.history", MOST = 50;

function read() {
  try {
    return JSON.parse(sessionStorage.getItem(KEY) ?? "[]");
  } catch {
    return [];
  }
}

/** Put an operation on top; the same one asked before by the same caller moves up. */
export function remember(asked, reopen) {
  const same = (each) => ["query", "variables", "persona", "purpose", "case"].every((name) => JSON.stringify(each[name]) === JSON.stringify(asked[name]));
  const kept = [{ ...asked, at: new Date().toTimeString().slice(0, 5) }, ...read().filter((each) => !same(each))].slice(0, MOST);
  try {
    sessionStorage.setItem(KEY, JSON.stringify(kept));
  } catch { /* a browser that keeps nothing: the list stays empty */ }
  showHistory(reopen);
}

const title = (query) => query.match(/\b(?:query|mutation|subscription)\s+(\w+)/)?.[1] ?? query.replace(/\s+/g, " ").slice(0, 60);

export function showHistory(reopen) {
  const items = read().map((each) => element("li", {}, element("button", { type: "button", onclick: () => reopen(each) },
    element("b", {}, title(each.query)), element("span", {}, [each.at, each.persona || "own token", each.case].filter(Boolean).join(" · ")))));
  $("asked").replaceChildren(...(items.length ? items : [element("li", { class: "soft" }, "Nothing asked yet in this tab.")]));
  $("forget").hidden = !items.length;
}

export function forgetHistory(reopen) {
  sessionStorage.removeItem(KEY);
  showHistory(reopen);
}
