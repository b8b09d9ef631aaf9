// The explorer: one page, no library, nothing fetched from elsewhere.
const $ = (id) => document.getElementById(id);
const state = { token: "", personas: [], queries: [], schema: null, current: -1 };

const escape = (text) => String(text).replace(/[&<>"]/g, (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[c]);
const element = (tag, attributes = {}, ...children) => {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (value !== undefined && value !== false) made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
};

// ---- who is asking --------------------------------------------------------------------------------------------------

async function fetchJson(url, options = {}) {
  const response = await fetch(url, options);
  const body = await response.json().catch(() => ({}));
  return { status: response.status, body };
}

async function become() {
  const name = $("persona").value;
  const { status, body } = await fetchJson("/dev/token", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ persona: name, purpose: $("purpose").value, case: $("case").value }),
  });
  state.token = status === 200 ? body.token : "";
  const persona = state.personas.find((each) => each.name === name);
  $("who").textContent = status === 200
    ? `${persona.agency} · ${persona.role}${persona.location ? " · " + persona.location : ""}`
    : (body.errors?.[0]?.message ?? "No token could be had.");
  state.schema = null;
  return status === 200;
}

function showPersona(keepCase = false) {
  const persona = state.personas.find((each) => each.name === $("persona").value);
  $("purpose").replaceChildren(...persona.purposes.map((purpose) => element("option", { value: purpose }, purpose)));
  $("purpose").value = persona.purpose;
  if (!keepCase) $("case").value = persona.case ?? "";
}

// ---- the graph this caller may see -------------------------------------------------------------------------------------

const INTROSPECTION = `{ __schema { queryType { name } mutationType { name } types { kind name description
  fields(includeDeprecated: true) { name description args { name type { ...T } } type { ...T } }
  inputFields { name type { ...T } } enumValues { name } possibleTypes { name } } } }
fragment T on __Type { kind name ofType { kind name ofType { kind name ofType { kind name } } } }`;

const typeText = (type) => type.kind === "NON_NULL" ? typeText(type.ofType) + "!" : type.kind === "LIST" ? `[${typeText(type.ofType)}]` : type.name;
const named = (type) => (type.ofType ? named(type.ofType) : type.name);

async function graph() {
  if (state.schema) return state.schema;
  const { body } = await post(INTROSPECTION, {});
  if (!body.data?.__schema) return null;
  const types = new Map(body.data.__schema.types.map((type) => [type.name, type]));
  state.schema = { types, query: body.data.__schema.queryType?.name ?? "Query", mutation: body.data.__schema.mutationType?.name };
  return state.schema;
}

async function showDocs() {
  const schema = await graph();
  const wanted = $("find").value.trim().toLowerCase();
  const shown = [];
  for (const type of schema ? [...schema.types.values()].sort((a, b) => (a.name > b.name ? 1 : -1)) : []) {
    if (type.name.startsWith("__")) continue;
    const rows = (type.fields ?? type.inputFields ?? []).filter((field) => !wanted || `${type.name}.${field.name}`.toLowerCase().includes(wanted));
    const values = (type.enumValues ?? []).map((value) => value.name);
    if (wanted && !rows.length && !type.name.toLowerCase().includes(wanted)) continue;
    const list = element("dl");
    for (const field of rows) {
      const args = field.args?.length ? `(${field.args.map((arg) => `${arg.name}: ${typeText(arg.type)}`).join(", ")})` : "";
      list.append(element("dt", {}, `${field.name}${args}: ${typeText(field.type)}`), element("dd", {}, field.description ?? ""));
    }
    if (values.length) list.append(element("dt", {}, values.join(" | ")));
    shown.push(element("details", { open: Boolean(wanted) && shown.length < 6 }, element("summary", {}, type.name), element("p", {}, type.description ?? ""), list));
  }
  $("types").replaceChildren(...(shown.length ? shown : [element("p", {}, "Nothing of that name that you may see.")]));
}

// ---- asking ---------------------------------------------------------------------------------------------------------------

function post(query, variables, operationName) {
  const headers = { "content-type": "application/json", accept: "application/graphql-response+json, application/json" };
  if (state.token) headers.authorization = `Bearer ${state.token}`;
  return fetchJson("/graphql", { method: "POST", headers, body: JSON.stringify({ query, variables, operationName }) });
}

async function run() {
  let variables;
  try {
    variables = JSON.parse($("variables").value || "{}");
  } catch (problem) {
    return showTrouble([{ message: `The variables are not JSON: ${problem.message}`, extensions: { code: "WRONG_VARIABLE" } }]);
  }
  $("run").disabled = true;
  try {
    if (!(await become())) return showTrouble([{ message: $("who").textContent, extensions: { code: "TOKEN" } }]);
    const began = performance.now();
    const { status, body } = await post($("query").value, variables);
    show(body, status, performance.now() - began);
  } catch (problem) {
    showTrouble([{ message: `The gateway did not answer: ${problem.message}`, extensions: { code: "NO_ANSWER" } }]);
  } finally {
    $("run").disabled = false;
  }
}

function showTrouble(errors) {
  $("summary").textContent = "Refused";
  $("answer").replaceChildren(...errors.map(trouble));
}

const trouble = (error) => element("div", { class: "trouble" },
  element("code", {}, error.extensions?.code ?? "ERROR"), ` ${error.message}`,
  error.locations ? ` (line ${error.locations[0].line}, column ${error.locations[0].column})` : null,
  error.extensions?.hint ? element("div", {}, error.extensions.hint) : null);

// ---- the answer -------------------------------------------------------------------------------------------------------------

const STYLE = { DENY: "withheld", MASK: "masked", UNAVAILABLE: "unavailable" };
const WORD = { DENY: "withheld", MASK: "masked", UNAVAILABLE: "unavailable" };

function show(body, status, took) {
  const ledger = body.extensions?.sharing ?? [];
  const byPath = new Map(ledger.map((entry) => [entry.path.join("\u0000"), entry]));
  const count = (outcome) => ledger.filter((entry) => entry.outcome === outcome).length;
  $("summary").replaceChildren(
    element("span", {}, status === 200 ? `answered in ${Math.round(took)} ms` : `refused (${status})`),
    ...["DENY", "MASK", "UNAVAILABLE"].filter(count).map((outcome) => element("span", { class: `chip ${STYLE[outcome]}` }, `${count(outcome)} ${WORD[outcome]}`)),
    body.extensions?.record ? element("span", {}, `on record as ${body.extensions.record}`) : null,
  );
  const lines = (body.errors ?? []).map(trouble);
  const tree = element("div");
  if (body.data !== undefined) tree.append(render(body.data, [], byPath));
  $("answer").replaceChildren(...lines, tree);
}

function badge(entry, value) {
  const text = entry.outcome === "MASK" && value !== null && typeof value !== "object" ? `${JSON.stringify(value)} · ${entry.mask}` : `${WORD[entry.outcome]} by ${entry.owner || "the gateway"} · ${entry.reason}`;
  return element("span", { class: `badge ${STYLE[entry.outcome]}`, "data-outcome": entry.outcome, title: entry.howToRequest ?? "" }, text,
    element("button", { class: "why", type: "button", onclick: () => why(entry), "aria-label": `Why is ${entry.coordinate} ${WORD[entry.outcome]}?` }, "why?"));
}

function render(value, path, byPath, depth = 0) {
  const entry = path.length ? byPath.get(path.join("\u0000")) : undefined;
  if (entry && (value === null || typeof value !== "object")) return badge(entry, value);
  if (value === null) return element("span", { class: "z" }, "null");
  if (typeof value === "string") return element("span", { class: "s" }, JSON.stringify(value));
  if (typeof value !== "object") return element("span", { class: "n" }, String(value));
  const list = Array.isArray(value);
  const rows = list ? value.map((item) => [null, item]) : Object.entries(value);
  const [open, close] = list ? "[]" : "{}";
  if (!rows.length) return element("span", { class: "z" }, open + close);
  const body = element("span");
  const pad = "  ".repeat(depth + 1);
  rows.forEach(([key, item], index) => {
    body.append("\n" + pad);
    if (key !== null) body.append(element("span", { class: "k" }, `"${key}"`), ": ");
    body.append(render(item, [...path, list ? "[]" : key], byPath, depth + 1), index < rows.length - 1 ? "," : "");
  });
  body.append("\n" + "  ".repeat(depth) + close);
  const marked = entry ? badge(entry, value) : null;
  return element("details", { open: true }, element("summary", {}, open, marked), body);
}

async function why(entry) {
  $("why-title").textContent = entry.coordinate;
  const { status, body } = await fetchJson(`/explain?coordinate=${encodeURIComponent(entry.coordinate)}`, { headers: { authorization: `Bearer ${state.token}` } });
  const lines = status === 200 ? body.text : (body.errors?.[0]?.message ?? "No explanation could be had.");
  const sentence = {
    DENY: `${entry.owner || "The owner"} withholds this from you: ${entry.reason}.`,
    MASK: `${entry.owner} shows you this masked (${entry.mask})${entry.agreement ? ` under ${entry.agreement}` : ""}.`,
    UNAVAILABLE: `${entry.owner || "The owner"} could not be reached. This does not mean that there is no such record.`,
  }[entry.outcome];
  $("why-body").replaceChildren(element("p", {}, sentence), entry.howToRequest ? element("p", {}, entry.howToRequest) : "", element("pre", {}, lines));
  $("why").showModal();
}

// ---- the editor ---------------------------------------------------------------------------------------------------------------

const TOKEN = /(#[^\n]*)|("""[\s\S]*?"""|"(?:\\.|[^"\\\n])*"?)|(\$[A-Za-z_]\w*)|(-?\d+(?:\.\d+)?)|([A-Za-z_]\w*)|(\.\.\.|[{}()[\]:!=|@&])|(\s+)|(.)/g;
const KEYWORDS = new Set(["query", "mutation", "subscription", "fragment", "on", "true", "false", "null"]);

function paint() {
  const text = $("query").value;
  $("paint").innerHTML = text.replace(TOKEN, (all, comment, string, variable, number, word, punctuation) => {
    const kind = comment ? "com" : string ? "str" : variable ? "var" : number ? "num" : word && KEYWORDS.has(word) ? "kw" : punctuation ? "punc" : "";
    return kind ? `<span class="t-${kind}">${escape(all)}</span>` : escape(all);
  }) + "\n";
  $("paint").scrollTop = $("query").scrollTop;
  $("paint").scrollLeft = $("query").scrollLeft;
}

function typeAt(schema, text) {
  const stack = [];
  let last = "", root = schema.query, parens = 0, condition = false;
  for (const match of text.matchAll(TOKEN)) {
    const [token, comment, string, , , word] = match;
    if (comment || string || !token.trim()) continue;
    if (token === "(") parens += 1;
    else if (token === ")") parens -= 1;
    else if (parens) continue;
    else if (token === "{") {
      if (!stack.length) stack.push(last && schema.types.has(last) && condition ? last : root);
      else if (condition && schema.types.has(last)) stack.push(last);
      else stack.push(named(schema.types.get(stack.at(-1))?.fields?.find((field) => field.name === last)?.type ?? { name: "" }));
      condition = false;
    } else if (token === "}") stack.pop();
    else if (token === "on") condition = true;
    else if (token === "mutation" && !stack.length) root = schema.mutation ?? root;
    else if (word) last = word;
  }
  return parens ? null : stack.at(-1);
}

async function complete() {
  const schema = await graph();
  const area = $("query");
  const before = area.value.slice(0, area.selectionStart);
  const prefix = before.match(/[A-Za-z_]\w*$/)?.[0] ?? "";
  const type = schema && schema.types.get(typeAt(schema, before.slice(0, before.length - prefix.length)) ?? "");
  const fields = (type?.fields ?? []).filter((field) => field.name.toLowerCase().startsWith(prefix.toLowerCase()));
  if (!fields.length) return closeComplete();
  const lines = before.split("\n");
  const list = $("complete");
  list.replaceChildren(...fields.slice(0, 60).map((field, index) => element("li", { role: "option", "aria-selected": index === 0 ? "true" : "false", onmousedown: (event) => { event.preventDefault(); insert(field.name, prefix); } }, field.name, element("small", {}, `  ${typeText(field.type)}`))));
  list.style.top = `${14 + lines.length * 20.15 - area.scrollTop}px`;
  list.style.left = `${16 + (lines.at(-1).length - prefix.length) * 7.83 - area.scrollLeft}px`;
  list.hidden = false;
  list.dataset.prefix = prefix;
}

function closeComplete() { $("complete").hidden = true; }

function insert(name, prefix) {
  const area = $("query");
  area.setRangeText(name, area.selectionStart - prefix.length, area.selectionStart, "end");
  closeComplete();
  paint();
}

function keys(event) {
  const list = $("complete");
  if ((event.ctrlKey || event.metaKey) && event.key === "Enter") { event.preventDefault(); closeComplete(); run(); return; }
  if (event.ctrlKey && event.key === " ") { event.preventDefault(); complete(); return; }
  if (list.hidden) {
    if (event.key === "Enter") { // keep the indentation of the line
      const area = $("query");
      const line = area.value.slice(0, area.selectionStart).split("\n").at(-1);
      const indent = line.match(/^ */)[0] + (/[{(]\s*$/.test(line) ? "  " : "");
      event.preventDefault();
      area.setRangeText("\n" + indent, area.selectionStart, area.selectionEnd, "end");
      paint();
    }
    return;
  }
  const items = [...list.children];
  const index = items.findIndex((item) => item.getAttribute("aria-selected") === "true");
  if (event.key === "Escape") closeComplete();
  else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    const next = (index + (event.key === "ArrowDown" ? 1 : items.length - 1)) % items.length;
    items.forEach((item, each) => item.setAttribute("aria-selected", each === next ? "true" : "false"));
    items[next].scrollIntoView({ block: "nearest" });
  } else if (event.key === "Enter" || event.key === "Tab") insert(items[index].firstChild.textContent, list.dataset.prefix);
  else return;
  event.preventDefault();
}

// ---- start --------------------------------------------------------------------------------------------------------------------------

function choose(index) {
  const ready = state.queries[index];
  state.current = index;
  $("query").value = ready.query;
  $("variables").value = JSON.stringify(ready.variables, null, 2);
  $("persona").value = ready.persona;
  showPersona();
  if (ready.case) $("case").value = ready.case;
  if (ready.purpose) $("purpose").value = ready.purpose;
  [...$("queries").querySelectorAll("button")].forEach((button, each) => button.setAttribute("aria-current", each === index ? "true" : "false"));
  paint();
  closeComplete();
}

function tab(name) {
  for (const each of ["queries", "docs"]) {
    $(each).hidden = each !== name;
    $(`tab-${each}`).setAttribute("aria-selected", each === name ? "true" : "false");
  }
  if (name === "docs") become().then(showDocs);
}

async function start() {
  const [personas, queries] = await Promise.all([fetchJson("/dev/personas"), fetchJson("/explorer/queries.json")]);
  state.personas = personas.body.personas ?? [];
  state.queries = queries.body.queries ?? [];
  $("persona").replaceChildren(...state.personas.map((each) => element("option", { value: each.name }, `${each.name} — ${each.title}`)));
  $("queries").replaceChildren(...state.queries.map((ready, index) => element("li", {}, element("button", { type: "button", onclick: () => choose(index) }, element("b", {}, ready.title), element("span", {}, ready.persona)))));
  $("persona").addEventListener("change", () => { showPersona(); become().then(() => $("docs").hidden || showDocs()); });
  $("run").addEventListener("click", run);
  $("query").addEventListener("input", () => { paint(); if (!$("complete").hidden) complete(); });
  $("query").addEventListener("scroll", paint);
  $("query").addEventListener("keydown", keys);
  $("query").addEventListener("blur", closeComplete);
  $("find").addEventListener("input", showDocs);
  $("tab-queries").addEventListener("click", () => tab("queries"));
  $("tab-docs").addEventListener("click", () => tab("docs"));
  if (state.personas.length) showPersona();
  if (state.queries.length) choose(0);
  document.body.dataset.ready = "true";
}

start();
