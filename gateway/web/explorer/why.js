// "why?": what the agreements say about one coordinate for this caller, from the gateway's own decision.
import { $, element, fetchJson, state } from "./page.js";

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
    element("span", { "aria-label": atom.result }, SIGNS[atom.result] ?? "?"), ` ${atom.text}`));
  return element("li", { class: "clause" },
    element("p", {}, element("span", { class: `result ${candidate.result}` }, candidate.result === "true" ? "applies" : candidate.result === "false" ? "does not apply" : "depends"),
      ` ${candidate.kind} `, element("b", {}, `${candidate.id} ${candidate.article}`), candidate.mask ? ` (${candidate.mask})` : null),
    element("p", { class: "soft" }, [candidate.title, candidate.because].filter(Boolean).join(" · ")),
    atoms.length ? element("ul", { class: "atoms" }, ...atoms) : null);
}

function details(page) {
  const unsettled = page.needs.length ? pair("Depends on", page.needs.join(", ")) : [];
  const list = element("dl", { class: "facts" },
    ...pair("Before any record is looked at", `${OUTCOMES[page.outcome]}${page.mask ? ` (${page.mask})` : ""}`),
    ...(page.basis ? pair("Agreement", basisText(page.basis)) : []),
    ...unsettled,
    ...(page.obligations.length ? pair("Obligations", page.obligations.join("; ")) : []),
    ...(page.wouldChange.length ? pair("Would change it", ...page.wouldChange.map((each) => element("div", {}, each))) : []),
    ...pair("Policy", element("code", {}, page.epoch.slice(0, 19))));
  const clauses = page.candidates.length
    ? [element("h3", {}, page.candidates.length === 1 ? "The clause considered" : `The ${page.candidates.length} clauses considered`), element("ul", { class: "clauses" }, ...page.candidates.map(clause))]
    : [element("p", { class: "soft" }, "No clause of any agreement speaks of this field for your agency.")];
  return [list, ...clauses];
}

/** Open the dialog on one line of the ledger. */
export async function why(entry) {
  $("why-title").textContent = entry.coordinate;
  const first = element("p", { class: "lead" }, lead(entry));
  const facts = element("dl", { class: "facts" },
    ...(entry.agreement ? pair("Decided under", entry.agreement) : []),
    ...(entry.howToRequest ? pair("To ask for it", entry.howToRequest) : []));
  $("why-body").replaceChildren(first, facts);
  $("why").showModal();
  const { status, body } = await fetchJson(`/explain?coordinate=${encodeURIComponent(entry.coordinate)}`, { headers: { authorization: `Bearer ${state.token}` } });
  $("why-body").append(...(status === 200 ? details(body) : [element("p", {}, body.errors?.[0]?.message ?? "No explanation could be had.")]));
  $("why").dataset.state = "told";
}
