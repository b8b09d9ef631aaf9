// What may stand at a place of an operation: fields, arguments, values of enums, variables, type conditions, directives.
// Everything comes from the caller's own view of the graph.
import { named, typeText } from "./page.js";

export const TOKEN = /(#[^\n]*)|("""[\s\S]*?"""|"(?:\\.|[^"\\\n])*"?)|(\$[A-Za-z_]\w*)|(-?\d+(?:\.\d+)?)|([A-Za-z_]\w*)|(\.\.\.|[{}()[\]:!=|@&])|(\s+)|(.)/g;

/** Whether an `on` after these two tokens begins a type condition; elsewhere it is a field's name like any other. */
export const isCondition = ([first, second]) => second === "..." || first === "fragment";

const DIRECTIVES = [{ name: "include", detail: "(if: Boolean!)" }, { name: "skip", detail: "(if: Boolean!)" }];

/** Where the end of `text` is: `kind` (fields, condition, arguments, values, types, directives or nothing) and the type,
 * or the arguments, that count there. */
function placeAt(schema, text) {
  const frames = []; // of { type } for a selection, { args } for arguments and input objects
  let root = schema.query, field, last = "", condition = false, before = ["", ""], awaited, header = false;
  const top = () => frames.at(-1);
  const fieldsOf = (type) => schema.types.get(type)?.fields ?? [];
  for (const [token, comment, , , , word] of text.matchAll(TOKEN)) {
    if (comment || !token.trim()) continue;
    const conditional = token === "on" && isCondition(before);
    before = [before[1], token];
    const args = top()?.args;
    if (args) {
      if (token === ")") { frames.pop(); awaited = undefined; }
      else if (token === ":") awaited = args.find((each) => each.name === last)?.type;
      else if (token === "{") { frames.push({ args: schema.types.get(awaited ? named(awaited) : "")?.inputFields ?? [], inner: true }); awaited = undefined; }
      else if (token === "}") { frames.pop(); awaited = undefined; }
      else if (word && !awaited) last = word;
      else if (token !== "[" && token !== "]") awaited = undefined; // a value was given
    } else if (top()?.variables) {
      if (token === ")") frames.pop();
    } else if (token === "(") {
      frames.push(header ? { variables: true } : { args: field?.args ?? [] });
    } else if (token === "{") {
      frames.push({ type: condition && schema.types.has(last) ? last : frames.length ? (field ? named(field.type) : "") : root });
      condition = header = false;
      field = undefined;
    } else if (token === "}") frames.pop();
    else if (conditional) condition = true;
    else if (!frames.length && ["query", "mutation", "subscription"].includes(token)) { root = token === "mutation" ? (schema.mutation ?? "") : root; header = true; }
    else if (word) {
      last = word;
      field = fieldsOf(top()?.type).find((each) => each.name === word);
    }
  }
  const frame = top();
  if (before[1] === "@") return { kind: "directives" };
  if (frame?.variables) return { kind: before[1] === ":" ? "types" : "nothing" };
  if (frame?.args) return awaited ? { kind: "values", type: named(awaited) } : { kind: "arguments", args: frame.args };
  if (before[1] === "on" && condition) return { kind: "condition", type: frame?.type };
  if (before[1] === "...") return { kind: "spread" };
  return frame ? { kind: "fields", type: frame.type } : { kind: "nothing" };
}

const ofType = (each) => ({ name: each.name, detail: typeText(each.type), description: each.description });

function options(schema, place, whole) {
  const type = schema.types.get(place.type ?? "");
  const composite = (each) => ["OBJECT", "INTERFACE", "UNION"].includes(each.kind) && !each.name.startsWith("__");
  switch (place.kind) {
    case "fields": return (type?.fields ?? []).map(ofType);
    case "arguments": return place.args.map((each) => ({ ...ofType(each), insert: `${each.name}: ` }));
    case "values": return [
      ...[...new Set(whole.match(/\$[A-Za-z_]\w*/g) ?? [])].map((name) => ({ name, detail: "variable" })),
      ...(type?.enumValues ?? []).map((each) => ({ name: each.name, detail: type.name, description: each.description })),
      ...(place.type === "Boolean" ? [{ name: "true", detail: "Boolean" }, { name: "false", detail: "Boolean" }] : []),
      { name: "null", detail: "" }];
    case "condition": return (type?.possibleTypes?.length ? [...type.possibleTypes, type] : type ? [type] : [...schema.types.values()].filter(composite))
      .map((each) => ({ name: each.name, detail: "type" }));
    case "spread": return [{ name: "on", detail: "type condition" }];
    case "types": return [...schema.types.values()].filter((each) => ["SCALAR", "ENUM", "INPUT_OBJECT"].includes(each.kind) && !each.name.startsWith("__"))
      .map((each) => ({ name: each.name, detail: each.kind.toLowerCase().replace("_", " ") }));
    case "directives": return DIRECTIVES;
    default: return [];
  }
}

/** What may stand at the end of `before`, given what is written there already; `whole` is the whole operation. */
export function suggest(schema, before, whole) {
  const prefix = before.match(/\$?[A-Za-z_]\w*$|\$$/)?.[0] ?? "";
  const place = placeAt(schema, before.slice(0, before.length - prefix.length));
  const fitting = options(schema, place, whole).filter((each) => each.name.toLowerCase().startsWith(prefix.toLowerCase()) && each.name !== prefix);
  return { prefix, options: fitting };
}
