// The story of one person on the page: who, what stands now, documents, timeline, chapters. Nothing here decides anything;
// what the ledger says of a place is drawn at that place, in words.
import { element } from "/explorer/page.js";
import { why } from "/explorer/why.js";
import { chaptersOf } from "./ask.js";
import { WORDS, ledgerOf } from "./ledger.js";

const KINDS = {
  DENY: { style: "withheld", sign: "⊘" },
  MASK: { style: "masked", sign: "◐" },
  UNAVAILABLE: { style: "unavailable", sign: "⚠" },
};
const STATES = ["status", "state", "stage", "reviewStatus", "publicStatus"];
const NUMBER = /(Number|Id)$/;

const SPELLED = { dos: "State", poe: "port of entry", i94: "I-94", ds160: "DS-160", ds2019: "DS-2019", i205: "I-205" };
const LETTERS = new Set(["cbp", "dso", "ein", "eid", "fin", "ice", "id", "ij", "lca", "mrz", "naics", "ncic", "nta", "pims", "rfe", "sao", "sevis", "us", "uscis", "usd", "vsp", "vwp"]);
const spelled = (word) => SPELLED[word] ?? (LETTERS.has(word) ? word.toUpperCase() : word);
/** A name of the graph or a word of an enum as people write it, as it stands within a line. */
const phrase = (name) => name.replace(/([a-z\d])([A-Z])/g, "$1 $2").replaceAll("_", " ").toLowerCase().replace(/[a-z]+\d*/g, spelled);
export const words = (name) => {
  const text = phrase(name);
  return text.charAt(0).toUpperCase() + text.slice(1);
};
const day = (value) => (/^\d{4}-\d\d-\d\dT/.test(value) ? `${value.slice(0, 10)} ${value.slice(11, 16)} UTC` : value);

const CODE = /^[A-Z][A-Z0-9]*(_[A-Z0-9]+)+$/; // a word of an enum
const plain = (value) => (typeof value === "boolean" ? (value ? "yes" : "no") : CODE.test(value) ? words(value.toLowerCase()) : day(String(value)));

/** A place that was not given plainly: who withholds it and why, in a line, and the whole of it behind "why?". */
function gap(entry, into, value) {
  const { style, sign } = KINDS[entry.outcome];
  const owner = entry.owner || "The gateway";
  const told = entry.outcome === "MASK" ? `masked by ${owner}: ${phrase((entry.mask ?? "").toLowerCase())}`
    : entry.outcome === "UNAVAILABLE" ? `${owner} could not be asked; this does not mean that there is none`
    : `${value === null || value === undefined ? "Withheld" : "Withheld in part"} by ${owner}: ${WORDS[entry.reason] ?? "refused"}`;
  return element("span", { class: `gap ${style}`, "data-outcome": entry.outcome, "data-coordinate": entry.coordinate },
    element("span", { "aria-hidden": "true" }, `${sign} `), told, " ",
    element("button", { class: "why", type: "button", onclick: () => why(entry, into), "aria-label": `Why: ${entry.coordinate}` }, "why?"));
}

const lost = () => element("span", { class: "gap unavailable", "data-outcome": "UNAVAILABLE" },
  element("span", { "aria-hidden": "true" }, "⚠ "), "Could not be had; this does not mean that there is none");

function source(provenance) {
  if (!provenance) return null;
  return element("p", { class: "source" }, [provenance.agency, provenance.system].filter(Boolean).join(" · "),
    provenance.asOf ? " · as of " : null, provenance.asOf ? element("time", { datetime: provenance.asOf }, day(provenance.asOf)) : null,
    provenance.stale ? element("b", {}, " · stale") : null);
}

/** The elements of one caller's story; `into` is what "why?" asks with, `who` names the caller in labels. */
export function story(view, answer, into, who) {
  const drawing = { view, into, who, ledger: ledgerOf(answer), traveler: answer.data?.traveler ?? null };
  const { facts, chapters, timeline } = chaptersOf(view);
  if (!drawing.traveler) return [nobody(drawing)];
  return [
    person(drawing, facts),
    now(drawing, chapters),
    ...(timeline ? [times(drawing)] : []),
    documents(drawing, chapters),
    ...chapters.map((each) => chapter(drawing, each)),
  ];
}

function nobody(drawing) {
  const told = drawing.ledger.at(["traveler"]).map((entry) => element("p", {}, gap(entry, drawing.into, null)));
  return element("section", { class: "card nobody" }, element("h3", {}, "Nothing to show"),
    ...(told.length ? told : [element("p", {}, "There is no such traveler, or nothing of this person that you may see. The answer is the same for both.")]));
}

/**
 * A value with what the ledger says of its place; null where there is nothing to say. A line of the ledger covers all rows
 * of a list and may speak for some of them only, so one that says that values are masked is told once, for the list.
 */
function shown(drawing, value, path) {
  const present = value !== null && value !== undefined;
  const speaks = (entry) => !present || !entry.path.includes("[]") || typeof value === "object";
  const gaps = drawing.ledger.at(path).filter(speaks).map((entry) => gap(entry, drawing.into, value));
  if (!present) {
    if (gaps.length) return gaps;
    return drawing.ledger.failed(path) ? [lost()] : null;
  }
  const text = Array.isArray(value) ? list(drawing, value, path) : typeof value === "object" ? part(drawing, value, path) : [element("span", {}, plain(value))];
  return text === null && !gaps.length ? null : [...(text ?? []), ...gaps.flatMap((each) => [" ", each])];
}

function list(drawing, values, path) {
  if (!values.length) return null;
  if (values.every((each) => typeof each !== "object")) return [element("span", {}, values.map(plain).join(", "))];
  return [element("ul", { class: "inner" }, ...values.map((each, index) => element("li", {}, ...(shown(drawing, each, [...path, index]) ?? ["nothing on record"]))))];
}

function part(drawing, value, path) {
  if ("code" in value && Object.keys(value).length <= 2) {
    const gaps = drawing.ledger.at([...path, "code"]).map((entry) => gap(entry, drawing.into, value.code));
    const text = [value.label, value.code && value.code !== value.label ? `(${value.code})` : ""].filter(Boolean).join(" ");
    return text || gaps.length ? [element("span", {}, text), ...gaps] : null;
  }
  const rows = pairs(drawing, value, path);
  return rows.length ? [element("dl", { class: "facts" }, ...rows)] : null;
}

function pairs(drawing, value, path, leave = []) {
  return Object.keys(value).filter((name) => name !== "provenance" && !leave.includes(name)).flatMap((name) => {
    const told = shown(drawing, value[name], [...path, name]);
    return told ? [element("dt", {}, words(name)), element("dd", {}, ...told)] : [];
  });
}

function person(drawing, facts) {
  const { traveler } = drawing;
  const name = traveler.names?.[0];
  const rows = facts.filter((each) => each !== "id").flatMap((each) => {
    const told = shown(drawing, traveler[each], ["traveler", each]);
    return told ? [element("dt", {}, words(each)), element("dd", {}, ...told)] : [];
  });
  return element("section", { class: "card person" },
    element("h3", {}, name ? [name.given, name.family].filter(Boolean).join(" ") || "Name not shown" : "Name not shown"),
    element("dl", { class: "facts" }, ...rows), source(traveler.provenance));
}

const nodesOf = (traveler, chapter) => {
  const held = traveler[chapter.name];
  const base = ["traveler", chapter.name];
  if (held === null || held === undefined) return [];
  if (chapter.paged) return (held.nodes ?? []).map((node, index) => ({ node, path: [...base, "nodes", index] }));
  return Array.isArray(held) ? held.map((node, index) => ({ node, path: [...base, index] })) : [{ node: held, path: base }];
};

/** What a record goes by; what has no source of its own is no record and goes by nothing. */
const titleOf = (node) => {
  if (!node.provenance) return "";
  const key = Object.keys(node).find((name) => NUMBER.test(name) && typeof node[name] === "string");
  return key ? node[key] : "";
};

const asOf = ({ node }) => node.provenance?.asOf ?? "";
/** The record that was changed last; of several, and where nothing says when, the first in its owner's order. */
const latest = (records) => records.reduce((best, each) => (asOf(each) > asOf(best) ? each : best), records[0]);

/** What stands now: of each chapter the record that was changed last. */
function now(drawing, chapters) {
  const rows = chapters.flatMap((chapter) => {
    const first = latest(nodesOf(drawing.traveler, chapter));
    const state = first && STATES.find((name) => name in first.node);
    if (!state) return [];
    const told = shown(drawing, first.node[state], [...first.path, state]);
    if (!told) return [];
    const note = [titleOf(first.node), first.node.provenance?.asOf ? `as of ${day(first.node.provenance.asOf)}` : ""].filter(Boolean).join(" · ");
    return [element("dt", {}, words(chapter.name)), element("dd", {}, element("b", {}, ...told), note ? element("small", {}, ` ${note}`) : null)];
  }).filter(Boolean);
  return element("section", { class: "card" }, element("h3", {}, "Now"),
    rows.length ? element("dl", { class: "facts" }, ...rows) : element("p", { class: "soft" }, "No status of any record is shown to you."));
}

/** Every number by which a record goes, with whose record it is and as of when. */
function documents(drawing, chapters) {
  const rows = chapters.flatMap((chapter) => nodesOf(drawing.traveler, chapter).filter(({ node }) => node.provenance).flatMap(({ node, path }) => {
    const identifier = chapter.record === "Identifier";
    return Object.keys(node).filter((name) => (identifier ? name === "value" : NUMBER.test(name))).flatMap((name) => {
      const told = shown(drawing, node[name], [...path, name]);
      if (!told) return [];
      return [element("tr", {}, element("th", { scope: "row" }, identifier ? words(String(node.kind ?? "identifier").toLowerCase()) : `${words(chapter.name)}: ${phrase(name)}`),
        element("td", {}, ...told), element("td", {}, `${node.provenance.agency}, ${day(node.provenance.asOf)}`))];
    });
  }));
  return element("section", { class: "card" }, element("h3", {}, "Documents and numbers"), rows.length
    ? element("div", { class: "wide", tabindex: "0", role: "region", "aria-label": `Documents and numbers, as ${drawing.who} sees them` }, element("table", {},
      element("thead", {}, element("tr", {}, element("th", { scope: "col" }, "What"), element("th", { scope: "col" }, "Number"), element("th", { scope: "col" }, "Whose, as of"))), element("tbody", {}, ...rows)))
    : element("p", { class: "soft" }, "None is shown to you."));
}

function times(drawing) {
  const path = ["traveler", "timeline"];
  const gaps = drawing.ledger.all.filter((entry) => entry.path[1] === "timeline" && entry.path.length === 2);
  const within = drawing.ledger.all.filter((entry) => entry.path[1] === "timeline" && entry.path.length > 2);
  const events = drawing.traveler.timeline ?? [];
  return element("section", { class: "card" }, element("h3", {}, "Timeline"),
    ...gaps.map((entry) => element("p", {}, gap(entry, drawing.into, events.length ? events : null))),
    ...(drawing.traveler.timeline === null && !gaps.length && drawing.ledger.failed(path) ? [element("p", {}, lost())] : []),
    events.length ? element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": `Timeline, as ${drawing.who} sees it` },
      element("ol", { class: "times" }, ...events.map((event) => moment(drawing, event, within))))
      : element("p", { class: "soft" }, "Nothing of it is shown to you."));
}

function moment(drawing, event, within) {
  const told = event.summary === null
    ? within.filter((entry) => entry.path.at(-1) === "summary" && entry.coordinate === `${event.__typename}.summary`).map((entry) => gap(entry, drawing.into, null)) : [event.summary];
  const agency = event.provenance?.agency ?? "";
  return element("li", { "data-agency": agency },
    element("time", { datetime: event.at ?? "" }, event.at ? day(event.at) : "at some time"), " ", element("b", {}, agency),
    element("p", {}, ...(told.length ? told : [event.kind ? words(event.kind.replaceAll(".", " ")) : "Something on record"])),
    source(event.provenance));
}

function chapter(drawing, each) {
  const held = drawing.traveler[each.name];
  const path = ["traveler", each.name];
  const gaps = drawing.ledger.at(path).map((entry) => element("p", {}, gap(entry, drawing.into, held)));
  const records = nodesOf(drawing.traveler, each);
  const notes = masks(drawing, each).map((entry) => element("p", {}, some(entry, drawing.into)));
  const empty = gaps.length ? [] : drawing.ledger.failed(path) ? [element("p", {}, lost())] : [element("p", { class: "soft" }, "None on record for you.")];
  return element("section", { class: "card", "data-chapter": each.name },
    element("h3", {}, words(each.name)), ...gaps, ...(records.length ? notes : []),
    ...(records.length ? told(drawing, each, records) : empty),
    held?.pageInfo?.hasNextPage ? element("p", { class: "soft" }, "There are more; the explorer pages through them.") : "");
}

/** The record that was changed last, and the others to be opened; numbers stand on the page already, so all of them are. */
function told(drawing, chapter, records) {
  const first = chapter.record === "Identifier" ? null : latest(records);
  const draw = ({ node, path }) => record(drawing, node, path);
  const others = records.filter((each) => each !== first).map(draw);
  const more = first ? `${others.length} more of ${phrase(chapter.name)}` : `All ${others.length}, with their sources`;
  return [...(first ? [draw(first)] : []), ...(others.length ? [element("details", { class: "others" }, element("summary", {}, more), ...others)] : [])];
}

/** The lines of the ledger that say of a chapter's rows that some or all of their values are masked. */
const masks = (drawing, chapter) => drawing.ledger.all.filter((entry) =>
  entry.outcome === "MASK" && entry.path[1] === chapter.name && entry.path.includes("[]"));

const some = (entry, into) => element("span", { class: "gap masked", "data-outcome": "MASK", "data-coordinate": entry.coordinate },
  element("span", { "aria-hidden": "true" }, "◐ "), `${words(entry.path.at(-1))}: masked by ${entry.owner} in some or all of these, ${phrase((entry.mask ?? "").toLowerCase())} `,
  element("button", { class: "why", type: "button", onclick: () => why(entry, into), "aria-label": `Why: ${entry.coordinate}` }, "why?"));

function record(drawing, node, path) {
  const title = titleOf(node);
  const rows = pairs(drawing, node, path);
  return element("article", { class: "record" }, title ? element("h4", {}, title) : "",
    rows.length ? element("dl", { class: "facts" }, ...rows) : element("p", { class: "soft" }, "Nothing of it is shown to you."),
    source(node.provenance));
}
