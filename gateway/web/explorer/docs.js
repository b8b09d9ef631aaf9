// The graph as this caller may see it: introspection answers from the caller's own view, so nothing else is known here.
import { $, become, element, named, post, state, typeText } from "./page.js";

const INTROSPECTION = `{ __schema { queryType { name } mutationType { name } types { kind name description
  fields(includeDeprecated: true) { name description args { name type { ...T } } type { ...T } }
  inputFields { name description type { ...T } } enumValues { name } possibleTypes { name } } } }
fragment T on __Type { kind name ofType { kind name ofType { kind name ofType { kind name } } } }`;

/** The view, asked for once per caller: types by name and the names of the roots; null when it cannot be had. */
export async function graph() {
  if (state.schema) return state.schema;
  if (!state.token && (await become())) return null;
  const token = state.token;
  const { body } = await post(INTROSPECTION, {});
  const found = body.data?.__schema;
  if (!found) return null;
  const schema = { types: new Map(found.types.map((type) => [type.name, type])), query: found.queryType?.name ?? "Query", mutation: found.mutationType?.name };
  if (token === state.token) state.schema = schema; // the caller may have changed meanwhile
  return schema;
}

function typeLink(type) {
  const name = named(type);
  const [before, after] = typeText(type).split(name);
  return [before, element("button", { type: "button", class: "type", onclick: () => open(name) }, name), after];
}

function open(name) {
  $("find").value = "";
  showDocs(name);
}

function field(each) {
  const args = each.args?.length ? ["(", ...each.args.flatMap((arg, index) => [index ? ", " : "", `${arg.name}: `, ...typeLink(arg.type)]), ")"] : [];
  return [element("dt", {}, element("b", {}, each.name), ...args, ": ", ...typeLink(each.type)), element("dd", {}, each.description ?? "")];
}

function entry(type, shown, expanded) {
  const values = (type.enumValues ?? []).map((value) => value.name);
  const members = (type.possibleTypes ?? []).flatMap((each, index) => [index ? " | " : "", ...typeLink(each)]);
  const made = element("details", { open: expanded, "data-type": type.name },
    element("summary", {}, type.name, element("small", {}, ` ${type.kind.toLowerCase().replace("_", " ")}`)),
    type.description ? element("p", {}, type.description) : null,
    element("dl", {}, ...shown.flatMap(field)),
    values.length ? element("p", { class: "mono" }, values.join(" | ")) : null,
    members.length ? element("p", { class: "mono" }, ...members) : null);
  return made;
}

/** Fill the tab; `wanted` opens one type. */
export async function showDocs(wanted = "") {
  const schema = await graph();
  if (!schema) return $("types").replaceChildren(element("p", {}, "The graph could not be had; is the token still good?"));
  const text = $("find").value.trim().toLowerCase();
  const order = (type) => [type.name === schema.query ? 0 : type.name === schema.mutation ? 1 : type.kind === "SCALAR" ? 3 : 2, type.name];
  const types = [...schema.types.values()].filter((type) => !type.name.startsWith("__"))
    .sort((a, b) => { const [x, y] = [order(a), order(b)]; return x[0] - y[0] || (x[1] < y[1] ? -1 : 1); });
  const made = [];
  for (const type of types) {
    const all = type.fields ?? type.inputFields ?? [];
    const whole = !text || type.name.toLowerCase().includes(text);
    const shown = whole ? all : all.filter((each) => `${type.name}.${each.name}`.toLowerCase().includes(text));
    if (!whole && !shown.length) continue;
    made.push(entry(type, shown, text ? made.length < 6 : type.name === (wanted || schema.query)));
  }
  $("types").replaceChildren(
    element("p", { class: "soft" }, `${types.filter((type) => type.kind === "OBJECT").length} types that your role may see something of.`),
    ...(made.length ? made : [element("p", {}, "Nothing of that name that you may see.")]));
  if (wanted) $("types").querySelector(`[data-type="${CSS.escape(wanted)}"]`)?.scrollIntoView({ block: "start" });
}
