// One operation for the whole story, made of the caller's own view of the graph: what no agreement could ever give this
// role is no field to it and is not asked for; what an agency adds to Traveler tomorrow is asked for without a change here.
import { named, post } from "/explorer/page.js";

const VIEW = `{ __schema { types { kind name fields { name description args { name type { ...T } } type { ...T } }
  interfaces { name } possibleTypes { name } } } }
fragment T on __Type { kind name ofType { kind name ofType { kind name ofType { kind name } } } }`;
const FIRST = 10; // of each list: the latest, as its owner orders it
const EVENTS = 60;

/** The caller's view: types by name; null, with what came instead, where it cannot be had. */
export async function viewOf(token) {
  const { body } = await post(VIEW, {}, token);
  const found = body.data?.__schema;
  return { view: found ? new Map(found.types.map((type) => [type.name, type])) : null, body };
}

const isLeaf = (view, type) => ["SCALAR", "ENUM"].includes(view.get(named(type))?.kind);
const needs = (field) => field.args.some((each) => each.type.kind === "NON_NULL");
const fieldsOf = (view, name) => (view.get(name)?.fields ?? []).filter((each) => !needs(each));
const isEvent = (view, name) => (view.get(name)?.interfaces ?? []).some((each) => each.name === "TimelineEvent");

/** The type of one record of a chapter: what a list or a page of a list holds. */
function recordOf(view, type) {
  const name = named(type);
  const nodes = fieldsOf(view, name).find((each) => each.name === "nodes");
  return nodes ? { name: named(nodes.type), paged: true } : { name, paged: false };
}

/** Leaves of a type, its coded values and provenance, and the leaves of what is part of it and no record of its own. */
function selectionOf(view, name, records, deep) {
  const parts = [];
  for (const field of fieldsOf(view, name)) {
    const inner = named(field.type);
    if (isLeaf(view, field.type)) parts.push(field.name);
    else if (inner === "CodedValue") parts.push(`${field.name} { code label }`);
    else if (inner === "Provenance") parts.push(`${field.name} { agency system asOf stale }`);
    else if (deep && view.get(inner)?.kind === "OBJECT" && !records.has(inner) && inner !== "Traveler" && !inner.endsWith("Connection")) {
      const within = selectionOf(view, inner, records, false);
      if (within.length) parts.push(`${field.name} { ${within.join(" ")} }`);
    }
  }
  return parts;
}

/** What of Traveler there is for this caller: plain facts, chapters, and whether there is a timeline. */
export function chaptersOf(view) {
  const fields = fieldsOf(view, "Traveler");
  const chapters = fields
    .filter((each) => !isLeaf(view, each.type) && each.name !== "timeline")
    .map((each) => ({ name: each.name, description: each.description, ...withRecord(view, each) }))
    .filter((each) => view.get(each.record)?.kind === "OBJECT" && !isEvent(view, each.record) && each.record !== "Provenance");
  const facts = fields.filter((each) => isLeaf(view, each.type)).map((each) => each.name);
  return { facts, chapters, timeline: fields.some((each) => each.name === "timeline") };
}

function withRecord(view, field) {
  const { name, paged } = recordOf(view, field.type);
  return { record: name, paged, first: field.args.some((each) => each.name === "first") };
}

/** The operation that asks for all of it; null where this caller has no way to a traveler. */
export function operationOf(view) {
  if (!fieldsOf(view, "Traveler").length) return null;
  const { facts, chapters, timeline } = chaptersOf(view);
  const records = new Set(chapters.map((each) => each.record).filter((name) => fieldsOf(view, name).some((each) => each.name === "provenance")));
  const parts = [...facts];
  if (fieldsOf(view, "Traveler").some((each) => each.name === "provenance")) parts.push("provenance { agency system asOf stale }");
  for (const chapter of chapters) {
    const within = selectionOf(view, chapter.record, records, true).join(" ");
    if (within) parts.push(`${chapter.name}${chapter.first ? `(first: ${FIRST})` : ""} { ${chapter.paged ? `nodes { ${within} } pageInfo { hasNextPage }` : within} }`);
  }
  if (timeline) parts.push(`timeline(first: ${EVENTS}) { __typename at kind summary provenance { agency system asOf stale } }`);
  return `query Story($traveler: ID!) {\n  traveler(id: $traveler) {\n    ${parts.join("\n    ")}\n  }\n}`;
}
