// An operation without what another caller cannot name. What no agreement could ever give somebody is no field to them,
// and an operation that names it is refused whole, with the places; beside each other, each is asked what each can name.
import { TOKEN } from "./complete.js";

const UNKNOWN = new Set(["UNKNOWN_FIELD", "UNKNOWN_TYPE"]);

/** The offsets in `query` at which a refusal says that something is no word to the caller; empty for other refusals. */
export function unnameable(query, body) {
  const starts = [0];
  for (let at = query.indexOf("\n"); at >= 0; at = query.indexOf("\n", at + 1)) starts.push(at + 1);
  const told = body.data === undefined ? (body.errors ?? []).filter((each) => UNKNOWN.has(each.extensions?.code)) : [];
  return new Set(told.flatMap((each) => each.locations ?? []).map(({ line, column }) => starts[line - 1] + column - 1));
}

/** A reader over the tokens of a document that matter; `at` is where in the text the next one stands. */
function reader(text) {
  const tokens = [...text.matchAll(TOKEN)].filter(([token, comment]) => !comment && token.trim() && token !== ",");
  let next = 0;
  return { peek: () => tokens[next]?.[0], at: () => tokens[next]?.index, next: () => tokens[next++]?.[0], more: () => next < tokens.length };
}

/** Everything from here to the closing partner of the bracket that comes next, as text. */
function bracket(read) {
  const taken = [];
  let depth = 0;
  do {
    const token = read.next();
    if ("([{".includes(token)) depth += 1;
    if (")]}".includes(token)) depth -= 1;
    taken.push(token);
  } while (depth > 0 && read.more());
  return taken.join(" ");
}

function directives(read) {
  let text = "";
  while (read.peek() === "@") text += ` ${read.next()}${read.next()}${read.peek() === "(" ? bracket(read) : ""}`;
  return text;
}

/** A selection set as text, "" where nothing of it is left. */
function selections(read, places) {
  read.next(); // {
  const kept = [];
  while (read.more() && read.peek() !== "}") kept.push(read.peek() === "..." ? spread(read, places) : field(read, places));
  read.next(); // }
  const left = kept.filter(Boolean);
  return left.length ? `{ ${left.join(" ")} }` : "";
}

function field(read, places) {
  const lost = places.has(read.at());
  let name = read.next(), alias = "";
  if (read.peek() === ":") { read.next(); alias = `${name}: `; name = read.next(); }
  const args = read.peek() === "(" ? bracket(read) : "";
  const marks = directives(read);
  const inner = read.peek() === "{" ? selections(read, places) : null;
  return lost || inner === "" ? "" : `${alias}${name}${args}${marks}${inner ? ` ${inner}` : ""}`;
}

function spread(read, places) {
  read.next(); // ...
  let head = "...", lost = false;
  if (read.peek() === "on") {
    read.next();
    lost = places.has(read.at());
    head += ` on ${read.next()}`;
  } else if (read.peek() !== "{" && read.peek() !== "@") { // a fragment by name
    const name = read.next(), marks = directives(read);
    return places.gone.has(name) ? "" : `...${name}${marks}`;
  }
  const marks = directives(read);
  const inner = selections(read, places);
  return lost || !inner ? "" : `${head}${marks} ${inner}`;
}

function definition(read, places) {
  if (read.peek() === "{") return { head: "query", variables: "", marks: "", body: selections(read, places) };
  const kind = read.next();
  const name = "{(@".includes(read.peek()) ? "" : read.next();
  let head = `${kind} ${name}`, lost = false;
  if (kind === "fragment") {
    read.next(); // on
    lost = places.has(read.at());
    head += ` on ${read.next()}`;
  }
  const variables = read.peek() === "(" ? bracket(read) : "";
  const marks = directives(read);
  const body = selections(read, places);
  return { kind, name, head, variables, marks, body: lost ? "" : body };
}

/** `query` without what stands at `places`: the text ("" where nothing is left to ask) and the variables it still has. */
export function without(query, variables, places) {
  const gone = new Set();
  let found, before;
  do { // a fragment of which nothing is left takes its spreads along, and they may be all there was
    before = gone.size;
    found = [];
    for (const read = reader(query); read.more();) found.push(definition(read, { has: (at) => places.has(at), gone }));
    for (const each of found) if (each.kind === "fragment" && !each.body) gone.add(each.name);
  } while (gone.size > before);
  const bodies = found.map((each) => each.body + each.marks).join(" ");
  const used = (name) => new RegExp(`\\$${name}\\b`).test(bodies);
  const text = found.filter((each) => each.body).map(({ head, variables: declared, marks, body }) => {
    const kept = [...declared.matchAll(/\$(\w+)\s*:[^$]*/g)].filter(([, name]) => used(name)).map(([all]) => all.replace(/\)\s*$/, "").trim());
    return `${head}${kept.length ? `(${kept.join(" ")})` : ""}${marks} ${body}`;
  }).join("\n");
  const operations = found.filter((each) => each.kind !== "fragment" && each.body);
  return { query: operations.length ? text : "", variables: Object.fromEntries(Object.entries(variables).filter(([name]) => used(name))) };
}
