// What the explorer's parts share: the page's elements, what is known about the caller, and asking the gateway.

export const $ = (id) => document.getElementById(id);

/** token: the caller's; schema: what introspection told this caller, null until asked for. */
export const state = { token: "", personas: [], queries: [], schema: null };

/** A new element. Attributes named on... are listeners; false and undefined leave an attribute out. */
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (value !== undefined && value !== false) made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
  return made;
}

export async function fetchJson(url, options = {}) {
  const response = await fetch(url, options);
  const body = await response.json().catch(() => ({}));
  return { status: response.status, body };
}

/** The gateway's answer to an operation, asked as the caller chosen on the page. */
export function post(query, variables, operationName) {
  const headers = { "content-type": "application/json", accept: "application/graphql-response+json" };
  if (state.token) headers.authorization = `Bearer ${state.token}`;
  return fetchJson("/graphql", { method: "POST", headers, body: JSON.stringify({ query, variables, operationName }) });
}

export const typeText = (type) =>
  type.kind === "NON_NULL" ? typeText(type.ofType) + "!" : type.kind === "LIST" ? `[${typeText(type.ofType)}]` : type.name;
export const named = (type) => (type.ofType ? named(type.ofType) : type.name);
