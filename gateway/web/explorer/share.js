// Taking an operation elsewhere: as curl, Python or TypeScript, or as a link. None of them holds a token, and a link holds
// no value: variables keep their names, and what is written into the text as a value is left out.

const TOKEN = /("""[\s\S]*?"""|"(?:\\.|[^"\\\n])*"?)|(#[^\n]*)|(?<![\w$])(-?\d{5,}(?:\.\d+)?)/g;

/** The operation's text without comments, texts and long numbers, and how many values were left out. */
export function withoutValues(query) {
  let left = 0;
  const text = query.replace(TOKEN, (all, string, comment) => {
    if (comment !== undefined) return "";
    if (string === '""') return all;
    left += 1;
    return string !== undefined ? '""' : "0";
  });
  return [text, left];
}

const encode = (value) => btoa(String.fromCharCode(...new TextEncoder().encode(JSON.stringify(value)))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
const decode = (text) => JSON.parse(new TextDecoder().decode(Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (each) => each.charCodeAt(0))));

/** A link to this page with the operation, the names of its variables and the persona's name, and how many values it
 * does not take along. What stands behind # is never sent to a server. */
export function linkTo({ query, variables, persona, purpose }) {
  const [text, left] = withoutValues(query);
  const names = Object.keys(variables);
  return [`${location.origin}${location.pathname}#${encode({ query: text, variables: names, persona, purpose })}`, left + names.length];
}

/** What a link says, or null where it says nothing that can be read. */
export function linked(hash) {
  try {
    const { query, variables, persona, purpose } = decode(hash.replace(/^#/, ""));
    if (typeof query !== "string") return null;
    return { query, variables: Object.fromEntries((variables ?? []).map((name) => [String(name), null])), persona, purpose };
  } catch {
    return null;
  }
}

const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;

const asCurl = (body) => `# TOKEN=... ; \`gateway token --persona NAME\` prints one in development
curl -s ${location.origin}/graphql \\
  -H "authorization: Bearer $TOKEN" -H 'content-type: application/json' \\
  -d ${quoted(JSON.stringify(body))}
`;

const lines = (text) => text.trimEnd().split("\n").map((line) => `    ${JSON.stringify(`${line}\n`)}`).join("\n");

const asPython = (body) => `import json
import os
import urllib.request

QUERY = (
${lines(body.query)}
)
VARIABLES = json.loads(${JSON.stringify(JSON.stringify(body.variables))})
EXTENSIONS = json.loads(${JSON.stringify(JSON.stringify(body.extensions ?? {}))})

request = urllib.request.Request(
    "${location.origin}/graphql",
    json.dumps({"query": QUERY, "variables": VARIABLES, "extensions": EXTENSIONS}).encode(),
    {"authorization": f"Bearer {os.environ['TOKEN']}", "content-type": "application/json"},
)
with urllib.request.urlopen(request) as response:
    answer = json.load(response)
print(json.dumps(answer["data"], indent=2))
for entry in answer["extensions"]["sharing"]:  # what was withheld, masked or not to be had, and why
    print(entry["outcome"], ".".join(entry["path"]), entry.get("mask") or entry["reason"], entry["owner"])
`;

const asTypeScript = (body) => `const query = \`${body.query.replaceAll("\\", "\\\\").replaceAll("`", "\\`").replaceAll("$", "\\$")}\`;
const variables = ${JSON.stringify(body.variables, null, 2)};
const extensions = ${JSON.stringify(body.extensions ?? {})};

const response = await fetch("${location.origin}/graphql", {
  method: "POST",
  headers: { authorization: \`Bearer \${process.env.TOKEN}\`, "content-type": "application/json" },
  body: JSON.stringify({ query, variables, extensions }),
});
const answer = await response.json();
console.log(answer.data);
for (const entry of answer.extensions.sharing) { // what was withheld, masked or not to be had, and why
  console.log(entry.outcome, entry.path.join("."), entry.mask ?? entry.reason, entry.owner);
}
`;

export const FORMS = { curl: asCurl, Python: asPython, TypeScript: asTypeScript };
