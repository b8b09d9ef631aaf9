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
  OBLIGATION_UNMET: "terms not acknowledged",
  NOT_SHARED: "conditions not met",
};
const phrase = (code) => SHORT[code] ?? code.toLowerCase().replaceAll("_", " ");

/** A pane: where a summary and an answer are shown, and the token of the caller who asked. */
export const pane = (summary, answer, token) => ({ summary: $(summary), answer: $(answer), token });

export function showAnswer(into, body, status, took, other) {
  const ledger = (body.extensions?.sharing ?? []).filter((entry) => KINDS[entry.outcome]);
  const byPath = byPlace(ledger);
  const count = (outcome) => ledger.filter((entry) => entry.outcome === outcome).length;
  const refused = body.data === undefined;
  const differing = other ? differences(body, other) : new Set();
  summary(
    into, refused ? "refused" : "answered",
    element("strong", {}, refused ? `Refused (${status})` : "Answered"),
    refused ? null : element("span", {}, `in ${Math.round(took)} ms`),
    ...Object.keys(KINDS).filter(count).map((outcome) => element("span", { class: `chip ${KINDS[outcome].style}` }, `${KINDS[outcome].sign} ${count(outcome)} ${KINDS[outcome].word}`)),
    refused || ledger.length ? null : element("span", {}, "nothing withheld"),
    other ? element("span", { class: "differing" }, differing.size ? `≠ ${differing.size} differ` : "the same for both") : null,
    body.extensions?.record ? element("span", { class: "record" }, "record ", element("code", {}, body.extensions.record)) : null,
  );
  const seen = new Set();
  const fresh = (error) => { // a fetch that failed is told once, not once a field
    const key = `${error.extensions?.code}\u0000${error.message}`;
    return !seen.has(key) && seen.add(key);
  };
  const drawing = { byPath, differing, into };
  const tree = refused ? [] : rows(drawing, null, body.data, [], 0, "");
  into.answer.replaceChildren(...(body.errors ?? []).filter(fresh).map(trouble), ...terms(body.extensions?.obligations ?? []), element("div", { class: "tree" }, ...tree));
}

/** What agreements ask of whoever has been given something: shut until somebody wants to read it. */
function terms(obligations) {
  if (!obligations.length) return [];
  const title = obligations.length === 1 ? "1 obligation comes with this" : `${obligations.length} obligations come with this`;
  const told = ({ agreement, text, within }) => element("li", {}, element("b", {}, agreement), ` ${text}`, within ? ` (within ${within})` : null);
  return [element("details", { class: "terms" }, element("summary", {}, title), element("ul", {}, ...obligations.map(told)))];
}

export function showTrouble(into, errors) {
  summary(into, "refused", element("strong", {}, "Not asked"));
  into.answer.replaceChildren(...errors.map(trouble));
}

export function showWaiting(into) {
  summary(into, "asking", element("span", {}, "Asking …"));
}

function summary(into, told, ...parts) {
  into.summary.dataset.state = told;
  into.summary.replaceChildren(...parts.filter(Boolean));
}

const joined = (path) => path.join("\u0000");
const general = (path) => joined(path.map((step) => (typeof step === "number" ? "[]" : step)));

/** The ledger's entries by path; a list gathered from all agencies has one for each that withholds its part. */
function byPlace(ledger) {
  const found = new Map();
  for (const entry of ledger) found.set(joined(entry.path), [...(found.get(joined(entry.path)) ?? []), entry]);
  return found;
}

/** Where two answers differ: the paths of leaves and empty values that are not alike, or not alike in the ledger. */
function differences(one, two) {
  const [a, b] = [one, two].map((body) => {
    const ledger = byPlace(body.extensions?.sharing ?? []);
    const marks = (path) => (ledger.get(general(path)) ?? []).map((entry) => `${entry.outcome} ${entry.mask ?? ""}`).sort().join();
    const found = new Map();
    const walk = (value, path) => {
      const items = value !== null && typeof value === "object" ? Object.entries(value) : [];
      if (items.length) for (const [key, item] of items) walk(item, [...path, Array.isArray(value) ? Number(key) : key]);
      else found.set(joined(path), `${JSON.stringify(value)} ${marks(path)}`);
    };
    walk(body.data ?? null, []);
    return found;
  });
  return new Set([...a.keys()].filter((path) => a.get(path) !== b.get(path)));
}

const trouble = (error) => element("div", { class: "trouble", role: "alert" },
  element("p", {}, element("code", {}, error.extensions?.code ?? "ERROR"), ` ${error.message}`,
    error.locations ? ` (line ${error.locations[0].line}, column ${error.locations[0].column})` : null),
  error.extensions?.hint ? element("p", { class: "hint" }, error.extensions.hint) : null);

function badge(drawing, entry, value) {
  const kind = KINDS[entry.outcome];
  const shown = entry.outcome === "MASK" && value !== null && typeof value !== "object";
  const text = shown
    ? [element("span", { class: "value" }, JSON.stringify(value)), element("span", {}, `masked: ${entry.mask}`)]
    : entry.outcome === "UNAVAILABLE"
      ? [element("span", {}, `unavailable: ${entry.owner || "a source"} did not answer`)]
      : [element("span", {}, `${entry.outcome === "DENY" && value !== null ? "in part " : ""}${kind.word} by ${entry.owner || "the gateway"}`), element("span", { class: "reason" }, entry.mask || phrase(entry.reason || ""))];
  return element("span", { class: `badge ${kind.style}`, "data-outcome": entry.outcome, "data-coordinate": entry.coordinate },
    element("span", { "aria-hidden": "true" }, kind.sign), " ", ...text.flatMap((part) => [part, " "]),
    element("button", { class: "why", type: "button", onclick: () => why(entry, drawing.into), "aria-label": `Why is ${entry.coordinate} ${kind.word}?` }, "why?"));
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
function rows(drawing, key, value, path, depth, comma) {
  const entries = (path.length && drawing.byPath.get(general(path))) || [];
  const badges = entries.flatMap((entry) => [" ", badge(drawing, entry, value)]);
  const label = key === null ? [] : [element("span", { class: "k" }, JSON.stringify(key)), ": "];
  const differs = drawing.differing.has(joined(path)) ? [" ", element("span", { class: "differs", role: "img", "aria-label": "differs from the other" }, "≠")] : [];
  if (value === null || typeof value !== "object") return [row(depth, ...label, ...(badges.length ? badges.slice(1) : [leaf(value), comma]), ...differs)];
  const list = Array.isArray(value);
  const items = list ? value.map((item, index) => [null, item, index]) : Object.entries(value).map(([name, item]) => [name, item, name]);
  const [open, close] = list ? "[]" : "{}";
  if (!items.length) return [row(depth, ...label, element("span", { class: "z" }, open + close), ...badges, comma, ...differs)];
  const inside = element("div", { class: "inside" });
  items.forEach(([name, item, step], index) => inside.append(...rows(drawing, name, item, [...path, step], depth + 1, index < items.length - 1 ? "," : "")));
  const end = row(depth, close + comma);
  const gist = element("span", { class: "gist", hidden: true }, list ? ` ${items.length} … ]${comma}` : ` … }${comma}`);
  const toggle = element("button", { class: "toggle", type: "button", "aria-expanded": "true", "aria-label": `${key ?? (list ? "list" : "object")}, ${items.length} inside`, onclick: () => {
    const closing = toggle.getAttribute("aria-expanded") === "true";
    toggle.setAttribute("aria-expanded", String(!closing));
    inside.hidden = end.hidden = closing;
    gist.hidden = !closing;
  } });
  return [row(depth, toggle, ...label, open, gist, ...badges), inside, end];
}
