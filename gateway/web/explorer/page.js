// What the explorer's parts share: the page's elements, what is known about the caller, and asking the gateway.

export const $ = (id) => document.getElementById(id);

/** token: the caller's, "" until asked for; schema: what introspection told this caller, null until asked for;
 * acknowledged: the agreements whose terms each persona has acknowledged on this page. */
export const state = { token: "", personas: [], queries: [], schema: null, acknowledged: new Map() };

/** Get a token for the persona, purpose and case on the page, or take the one written there where there are no
 * personas; the refusal's message, or "" when all is well. */
export async function become() {
  if (!state.personas.length) {
    forget();
    state.token = $("token").value.trim();
    return "";
  }
  const { token, refusal } = await tokenFor({ persona: $("persona").value, purpose: $("purpose").value, case: $("case").value.trim() });
  forget();
  state.token = token;
  return refusal;
}

/** A development token for a persona; `case` and `purpose` where they are others than the persona's own. */
export async function tokenFor(asked) {
  const { status, body } = await fetchJson("/dev/token", {
    method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(asked),
  });
  return status === 200 ? { token: body.token, refusal: "" } : { token: "", refusal: body.errors?.[0]?.message ?? "No token could be had." };
}

/** Somebody else is asking now: what was known for the last caller counts no more. */
export function forget() {
  state.token = "";
  state.schema = null;
}

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

/** The gateway's answer to an operation, asked as the caller chosen on the page or the one whose token it is. */
export function post(query, variables, token = state.token, acknowledged = []) {
  const headers = { "content-type": "application/json", accept: "application/graphql-response+json" };
  if (token) headers.authorization = `Bearer ${token}`;
  return fetchJson("/graphql", { method: "POST", headers, body: JSON.stringify({ query, variables, ...(acknowledged.length ? { extensions: { acknowledged } } : {}) }) });
}

/** Tabs: a click or an arrow key chooses one of `names`, shows the panel of that name, hides the others, tells `chosen`. */
export function tabs(names, chosen = () => {}) {
  const choose = (name) => {
    for (const each of names) {
      $(each).hidden = each !== name;
      $(`tab-${each}`).setAttribute("aria-selected", String(each === name));
      $(`tab-${each}`).tabIndex = each === name ? 0 : -1;
    }
    chosen(name);
  };
  const step = { ArrowLeft: -1, ArrowRight: 1 };
  for (const [index, each] of names.entries()) {
    $(`tab-${each}`).addEventListener("click", () => choose(each));
    $(`tab-${each}`).addEventListener("keydown", (event) => {
      if (!(event.key in step)) return;
      const next = names[(index + step[event.key] + names.length) % names.length];
      choose(next);
      $(`tab-${next}`).focus();
    });
  }
  return choose;
}

export const typeText = (type) =>
  type.kind === "NON_NULL" ? typeText(type.ofType) + "!" : type.kind === "LIST" ? `[${typeText(type.ofType)}]` : type.name;
export const named = (type) => (type.ofType ? named(type.ofType) : type.name);
