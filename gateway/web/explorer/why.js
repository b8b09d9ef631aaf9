// "why?": what the agreements say about one coordinate for this caller, from the gateway's own decision.
import { $, element, fetchJson } from "./page.js";

const OUTCOMES = {
  ALLOW: "shared",
  MASK: "shared, masked",
  DENY: "withheld",
  ABSENT: "left out of the answer",
  UNAVAILABLE: "not to be had now",
};
const REASONS = {
  NO_AGREEMENT: "the owner has no agreement with your agency that names this field",
  NOT_RECOGNISED: "the vocabulary does not know your agency, role and purpose together",
  NOT_IN_FORCE: "the agreements that name it are not in force",
  PURPOSE_NOT_COVERED: "an agreement names it, but for other purposes than yours",
  ROLE_NOT_COVERED: "an agreement names it, but for other roles than yours",
  WITHHELD_BY_PROVIDER: "the owner withholds it by name",
  STATUTE: "a statute forbids it",
  CASE_CONDITION: "your case does not meet the agreement's conditions",
  NOT_SHARED: "the agreement's conditions are not met here",
  OBLIGATION_UNMET: "its agreement asks for something first that is not met",
  FACT_UNAVAILABLE: "a fact that decides on it could not be had",
};
const SIGNS = { true: "✓", false: "✗", unknown: "?" };

function lead(entry) {
  const owner = entry.owner || "The gateway";
  if (entry.outcome === "MASK") return `${owner} shows you this masked (${entry.mask}).`;
  if (entry.outcome === "UNAVAILABLE") return `${owner} could not be asked just now. This does not mean that there is no such record.`;
  return `${owner} withholds this from you: ${REASONS[entry.reason] ?? entry.reason}.`;
}

const basisText = (basis) => `${basis.agreement}${basis.version ? ` version ${basis.version}` : ""}, ${basis.article} — ${basis.title}`;

const pair = (name, ...text) => [element("dt", {}, name), element("dd", {}, ...text)];

function clause(candidate) {
  const atoms = candidate.atoms.map((atom) => element("li", { class: `atom-${atom.result}` },
    element("span", { "aria-label": atom.result }, SIGNS[atom.result] ?? "?"), ` ${atom.atom}`));
  return element("li", { class: "clause" },
    element("p", {}, element("span", { class: `result ${candidate.result}` }, candidate.result === "true" ? "applies" : candidate.result === "false" ? "does not apply" : "depends"),
      ` ${candidate.kind} `, element("b", {}, `${candidate.id} ${candidate.article}`), candidate.mask ? ` (${candidate.mask})` : null),
    element("p", { class: "soft" }, [candidate.title, candidate.because].filter(Boolean).join(" · ")),
    atoms.length ? element("ul", { class: "atoms" }, ...atoms) : null);
}

const RANK = { grant: 0, withhold: 1, prohibition: 2 };

function told(page) {
  return [
    ...pair("Before any record is looked at", page.settled
      ? `${OUTCOMES[page.outcome]}${page.mask ? ` (${page.mask})` : ""}`
      : `open: ${OUTCOMES[page.outcome]} as long as the facts below are not known`),
    ...(page.basis ? pair("Agreement", basisText(page.basis)) : []),
    ...(page.needs.length ? pair("Depends on", page.needs.join(", ")) : []),
    ...(page.obligations.length ? pair("Obligations", page.obligations.join("; ")) : []),
    ...pair("Policy", element("code", {}, page.epoch.slice(0, 19)))];
}

function clauses(page) {
  if (!page.candidates.length) return [element("p", { class: "soft" }, "No clause of any agreement speaks of this field for your agency.")];
  const sorted = [...page.candidates].sort((a, b) => RANK[a.kind] - RANK[b.kind]);
  const title = sorted.length === 1 ? "The clause considered" : `The ${sorted.length} clauses considered`;
  const note = element("p", { class: "soft" }, "Each with its conditions, those of alternatives as well: one ✗ among them need not decide.");
  return [element("h3", {}, title), note, element("ul", { class: "clauses" }, ...sorted.map(clause))];
}

/** The terms that have to be acknowledged first, and the button by which the reader does. */
function terms(asked, acknowledge) {
  const agreements = [...new Set(asked.map((each) => each.agreement))];
  const agree = () => {
    $("why").close();
    acknowledge(agreements);
  };
  return element("div", { class: "terms" },
    element("h3", {}, "To be acknowledged first"),
    element("ul", {}, ...asked.map((each) => element("li", {}, element("b", {}, each.agreement), ` ${each.text}`))),
    element("button", { type: "button", class: "primary", id: "acknowledge", onclick: agree }, "Acknowledge, and ask again"));
}

// Reasons that two agencies could change by agreeing: the auditor's room has a desk at which one asks.
const ASKABLE = new Set(["NO_AGREEMENT", "NOT_IN_FORCE", "PURPOSE_NOT_COVERED", "ROLE_NOT_COVERED", "WITHHELD_BY_PROVIDER", "CASE_CONDITION", "NOT_SHARED"]);

function claims(token) {
  try {
    return JSON.parse(atob(token.split(".")[1].replaceAll("-", "+").replaceAll("_", "/")));
  } catch {
    return {}; // the desk asks who one is anyway
  }
}

function ask(entry, token) {
  if (!ASKABLE.has(entry.reason)) return [];
  const { agency = "", role = "", purpose = "" } = claims(token);
  const wanted = new URLSearchParams({ coordinate: entry.coordinate, agency, role, purpose });
  return [" ", element("a", { class: "ask", href: `/audit/requests/new?${wanted}`, target: "_blank", rel: "noopener" }, `Ask ${entry.owner} for it`)];
}

/** Open the dialog on one line of the ledger, as the caller to whom the pane `into` answers. */
export async function why(entry, into) {
  $("why-title").textContent = entry.coordinate;
  const first = element("p", { class: "lead" }, lead(entry));
  const facts = element("dl", { class: "facts" },
    ...(entry.agreement ? pair("Decided under", entry.agreement) : []),
    ...(entry.howToRequest || ASKABLE.has(entry.reason) ? pair("To ask for it", entry.howToRequest ?? "", ...ask(entry, into.token)) : []));
  $("why-body").replaceChildren(first, facts);
  $("why").dataset.state = "asking";
  $("why").showModal();
  const asked = { headers: { authorization: `Bearer ${into.token}` } };
  const heeded = [...(into.acknowledged ?? [])].map((each) => `&acknowledged=${encodeURIComponent(each)}`).join("");
  const { status, body } = await fetchJson(`/explain?coordinate=${encodeURIComponent(entry.coordinate)}${heeded}`, asked);
  if (status === 200) {
    facts.append(...told(body));
    if (body.acknowledge?.length) $("why-body").append(terms(body.acknowledge, into.acknowledge));
    $("why-body").append(...clauses(body));
  } else {
    $("why-body").append(element("p", {}, body.errors?.[0]?.message ?? "No explanation could be had."));
  }
  $("why").dataset.state = "told";
}
