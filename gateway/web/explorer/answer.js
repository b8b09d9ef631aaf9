// The answer as a tree: one row a value, with what was withheld, masked or unavailable set apart from plain nulls.
import { $, element } from "./page.js";
import { why } from "./why.js";

export const KINDS = {
  DENY: { style: "withheld", word: "withheld", sign: "⊘" },
  MASK: { style: "masked", word: "masked", sign: "◐" },
  UNAVAILABLE: { style: "unavailable", word: "unavailable", sign: "⚠" },
};

// the reason in the margin of a value; why.js says it in full
const SHORT = {
  NO_AGREEMENT: "no agreement",
  NOT_IN_FORCE: "agreement not in force",
  PURPOSE_NOT_COVERED: "not for this purpose",
  ROLE_NOT_COVERED: "not for this role",
  WITHHELD_BY_PROVIDER: "by name",
  STATUTE: "by statute",
  CASE_CONDITION: "not for this case",
  NOT_SHARED: "conditions not met",
};
const phrase = (code) => SHORT[code] ?? code.toLowerCase().replaceAll("_", " ");

export function showAnswer(body, status, took) {
  const ledger = (body.extensions?.sharing ?? []).filter((entry) => KINDS[entry.outcome]);
  const byPath = new Map(ledger.map((entry) => [entry.path.join("\u0000"), entry]));
  const count = (outcome) => ledger.filter((entry) => entry.outcome === outcome).length;
  const refused = body.data === undefined;
  summary(
    refused ? "refused" : "answered",
    element("strong", {}, refused ? `Refused (${status})` : "Answered"),
    refused ? null : element("span", {}, `in ${Math.round(took)} ms`),
    ...Object.keys(KINDS).filter(count).map((outcome) => element("span", { class: `chip ${KINDS[outcome].style}` }, `${KINDS[outcome].sign} ${count(outcome)} ${KINDS[outcome].word}`)),
    refused || ledger.length ? null : element("span", {}, "nothing withheld"),
    body.extensions?.record ? element("span", { class: "record" }, "record ", element("code", {}, body.extensions.record)) : null,
  );
  const seen = new Set();
  const fresh = (error) => { // a fetch that failed is told once, not once a field
    const key = `${error.extensions?.code}\u0000${error.message}`;
    return !seen.has(key) && seen.add(key);
  };
  const tree = refused ? [] : rows(null, body.data, [], byPath, 0, "");
  $("answer").replaceChildren(...(body.errors ?? []).filter(fresh).map(trouble), element("div", { class: "tree" }, ...tree));
  if (matchMedia("(max-width: 1000px)").matches) $("summary").scrollIntoView({ block: "start" }); // it is below the fold
}

export function showTrouble(errors) {
  summary("refused", element("strong", {}, "Not asked"));
  $("answer").replaceChildren(...errors.map(trouble));
}

export function showWaiting() {
  summary("asking", element("span", {}, "Asking …"));
}

function summary(told, ...parts) {
  $("summary").dataset.state = told;
  $("summary").replaceChildren(...parts.filter(Boolean));
}

const trouble = (error) => element("div", { class: "trouble", role: "alert" },
  element("p", {}, element("code", {}, error.extensions?.code ?? "ERROR"), ` ${error.message}`,
    error.locations ? ` (line ${error.locations[0].line}, column ${error.locations[0].column})` : null),
  error.extensions?.hint ? element("p", { class: "hint" }, error.extensions.hint) : null);

function badge(entry, value) {
  const kind = KINDS[entry.outcome];
  const shown = entry.outcome === "MASK" && value !== null && typeof value !== "object";
  const text = shown
    ? [element("span", { class: "value" }, JSON.stringify(value)), element("span", {}, `masked: ${entry.mask}`)]
    : entry.outcome === "UNAVAILABLE"
      ? [element("span", {}, `unavailable: ${entry.owner || "a source"} did not answer`)]
      : [element("span", {}, `${kind.word} by ${entry.owner || "the gateway"}`), element("span", { class: "reason" }, entry.mask || phrase(entry.reason || ""))];
  return element("span", { class: `badge ${kind.style}`, "data-outcome": entry.outcome, "data-coordinate": entry.coordinate },
    element("span", { "aria-hidden": "true" }, kind.sign), " ", ...text.flatMap((part) => [part, " "]),
    element("button", { class: "why", type: "button", onclick: () => why(entry), "aria-label": `Why is ${entry.coordinate} ${kind.word}?` }, "why?"));
}

function leaf(value) {
  if (value === null) return element("span", { class: "z" }, "null");
  if (typeof value === "string") return element("span", { class: "s" }, JSON.stringify(value));
  return element("span", { class: "n" }, String(value));
}

const row = (depth, ...parts) => {
  const made = element("div", { class: "row" }, ...parts);
  made.style.setProperty("--depth", depth); // through the object model: the page's policy allows no style attributes
  return made;
};

/** The rows of one value: one for a leaf; for lists and objects an opening row, their items, a closing row. */
function rows(key, value, path, byPath, depth, comma) {
  const entry = path.length ? byPath.get(path.join("\u0000")) : undefined;
  const label = key === null ? [] : [element("span", { class: "k" }, JSON.stringify(key)), ": "];
  if (value === null || typeof value !== "object") return [row(depth, ...label, ...(entry ? [badge(entry, value)] : [leaf(value), comma]))];
  const list = Array.isArray(value);
  const items = list ? value.map((item) => [null, item]) : Object.entries(value);
  const [open, close] = list ? "[]" : "{}";
  const marked = entry ? [" ", badge(entry, value)] : [];
  if (!items.length) return [row(depth, ...label, element("span", { class: "z" }, open + close), ...marked, comma)];
  const inside = element("div", { class: "inside" });
  items.forEach(([name, item], index) => inside.append(...rows(name, item, [...path, list ? "[]" : name], byPath, depth + 1, index < items.length - 1 ? "," : "")));
  const end = row(depth, close + comma);
  const gist = element("span", { class: "gist", hidden: true }, list ? ` ${items.length} … ]${comma}` : ` … }${comma}`);
  const toggle = element("button", { class: "toggle", type: "button", "aria-expanded": "true", "aria-label": `${key ?? (list ? "list" : "object")}, ${items.length} inside`, onclick: () => {
    const closing = toggle.getAttribute("aria-expanded") === "true";
    toggle.setAttribute("aria-expanded", String(!closing));
    inside.hidden = end.hidden = closing;
    gist.hidden = !closing;
  } });
  return [row(depth, toggle, ...label, open, gist, ...marked), inside, end];
}
