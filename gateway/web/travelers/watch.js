// What happens to this person while the page is open: one subscription to the caller's own case, on the public endpoint.
import { named } from "/explorer/page.js";

const LEAVES = ["status", "state", "kind", "at"]; // what of a record says what happened to it, where its type has it
const PAUSE = 3000; // milliseconds before the line is taken up again

const fieldsOf = (view, name) => (view.get(name)?.fields ?? []).filter((each) => !each.args.some((arg) => arg.type.kind === "NON_NULL"));

/** The case that a token is for; "" where it is for none, or cannot be read. */
export function caseOf(token) {
  try {
    const part = token.split(".")[1].replaceAll("-", "+").replaceAll("_", "/");
    return JSON.parse(new TextDecoder().decode(Uint8Array.from(atob(part), (each) => each.charCodeAt(0)))).case ?? "";
  } catch {
    return "";
  }
}

/** The subscription to a case, with whom each record is about; "" where the caller's view has none. */
export function watchOf(view) {
  const watch = (view.get("Subscription")?.fields ?? []).find((each) => each.name === "travelerWatch");
  if (!watch) return "";
  const parts = (view.get(named(watch.type))?.possibleTypes ?? []).map(({ name }) => {
    const fields = fieldsOf(view, name);
    const person = fields.find((each) => named(each.type) === "Traveler");
    const leaves = fields.filter((each) => LEAVES.includes(each.name)).map((each) => `${name}_${each.name}: ${each.name}`);
    return person ? `... on ${name} { whom: ${person.name} { id } ${leaves.join(" ")} }` : "";
  });
  return `subscription Watch($case: ID!) { travelerWatch(case: $case) { __typename ${parts.join(" ")} } }`;
}

/** An event in words, `Visa: revoked`; "" where it is about somebody else. */
export function said(event, traveler) {
  if (event?.whom?.id !== traveler) return "";
  const name = event.__typename;
  const what = LEAVES.map((each) => event[`${name}_${each}`]).filter(Boolean);
  const words = name.replace(/(?<=[a-z])(?=[A-Z])/g, " ").toLowerCase();
  return [words[0].toUpperCase() + words.slice(1), what.map((each) => String(each).toLowerCase().replaceAll("_", " ")).join(", ")].filter(Boolean).join(": ");
}

/** Follow a subscription until `signal` says to stop, or the gateway ends it for a reason. `heard` gets each event's data,
 * `state` whether the line is open ("open", "lost", or the reason of the end). */
export async function follow(query, variables, token, { signal, heard, state }) {
  let cursor = "";
  while (!signal.aborted) {
    try {
      const end = await listen(query, variables, token, cursor, signal, state, (block) => {
        cursor = block.id || cursor;
        if (block.event === "next") return told(JSON.parse(block.data), heard);
        return block.event === "complete" ? "ended" : "";
      });
      if (end) return state(end);
    } catch (problem) {
      if (signal.aborted) return undefined;
    }
    state("lost");
    await new Promise((done) => setTimeout(done, PAUSE));
  }
  return undefined;
}

/** The reason for an end, "" where it goes on. */
function told(page, heard) {
  if ("data" in page) {
    heard(page.data?.travelerWatch);
    return "";
  }
  const code = page.errors?.[0]?.extensions?.code ?? "ended";
  if (["GATEWAY_CLOSING", "EVENTS_UNAVAILABLE"].includes(code)) throw new Error(code);
  return page.errors?.[0]?.message ?? code;
}

async function listen(query, variables, token, cursor, signal, state, take) {
  const headers = { "content-type": "application/json", accept: "text/event-stream", authorization: `Bearer ${token}` };
  if (cursor) headers["last-event-id"] = cursor;
  const answer = await fetch("/graphql", { method: "POST", headers, body: JSON.stringify({ query, variables }), signal });
  if (!answer.headers.get("content-type")?.startsWith("text/event-stream")) {
    const page = await answer.json().catch(() => ({}));
    if ([429, 502, 503, 504].includes(answer.status)) throw new Error(`HTTP ${answer.status}`);
    return page.errors?.[0]?.message ?? `HTTP ${answer.status}`;
  }
  state("open");
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  for (let held = ""; ;) {
    const { value, done } = await reader.read();
    if (done) return "";
    const blocks = (held + value.replaceAll("\r", "")).split("\n\n");
    held = blocks.pop();
    for (const block of blocks) {
      const end = take(fieldsIn(block));
      if (end) return end;
    }
  }
}

function fieldsIn(block) {
  const found = { event: "", id: "", data: "" };
  for (const line of block.split("\n")) {
    const [, name, value] = line.match(/^(event|id|data): ?(.*)$/) ?? [];
    if (name) found[name] = name === "data" && found.data ? `${found.data}\n${value}` : value;
  }
  return found;
}
