// The explorer: one page, no library, nothing fetched from elsewhere. Who asks, what is asked, and what came of it.
import { pane, showAnswer, showTrouble, showWaiting } from "./answer.js";
import { showDocs } from "./docs.js";
import { closeComplete, paint, startEditor } from "./editor.js";
import { forgetHistory, remember, showHistory } from "./history.js";
import { unnameable, without } from "./nameable.js";
import { $, become, element, fetchJson, forget, post, state, tabs, tokenFor } from "./page.js";
import { planOf, showPlan } from "./plan.js";
import { FORMS, linked, linkTo } from "./share.js";
import { watchTrouble } from "./trouble.js";

// ---- who is asking --------------------------------------------------------------------------------------------------

const named = (name) => state.personas.find((each) => each.name === name);
const chosen = () => named($("persona").value);
const short = (persona) => persona.title.split(/[;:]/)[0];

function showPersona() {
  forget();
  const persona = chosen();
  $("purpose").replaceChildren(...persona.purposes.map((purpose) => element("option", { value: purpose }, purpose)));
  $("purpose").value = persona.purpose;
  $("case").value = persona.case ?? "";
  $("who").replaceChildren(element("b", {}, [persona.agency, persona.role, persona.location].filter(Boolean).join(" · ")), ` ${persona.title}`);
}

function changeCaller() {
  forget();
  if (!$("docs").hidden) showDocs();
}

// ---- asking -----------------------------------------------------------------------------------------------------------

/** What is on the page now; null, with the trouble shown, where the variables cannot be read. */
function asked() {
  try {
    const variables = JSON.parse($("variables").value || "{}");
    return { query: $("query").value, variables, persona: $("persona").value, purpose: $("purpose").value, case: $("case").value.trim() };
  } catch (problem) {
    showTrouble(pane("summary", "answer"), [{ message: `The variables are not JSON: ${problem.message}`, extensions: { code: "WRONG_VARIABLE" } }]);
    return null;
  }
}

/** The answer in a pane: status and body as they came, and how long it took; null where none came, which is shown. */
async function ask(into, { query, variables }, refusal) {
  if (refusal) {
    showTrouble(into, [{ message: refusal, extensions: { code: "NO_TOKEN" } }]);
    return null;
  }
  try {
    const began = performance.now();
    const { status, body } = await post(query, variables, into.token, [...(into.acknowledged ?? [])]);
    return { status, body, took: performance.now() - began };
  } catch (problem) {
    showTrouble(into, [{ message: `The gateway did not answer: ${problem.message}`, extensions: { code: "NO_ANSWER" } }]);
    return null;
  }
}

/** The terms that a persona has acknowledged here go with its question; those it acknowledges now, with the next. */
function heed(into, persona) {
  into.acknowledged = state.acknowledged.get(persona) ?? new Set();
  into.acknowledge = (agreements) => {
    state.acknowledged.set(persona, new Set([...into.acknowledged, ...agreements]));
    run();
  };
}

async function run() {
  if ($("run").disabled) return;
  const question = asked();
  if (!question) return;
  const beside = named($("beside").value);
  $("run").disabled = true;
  showSides(beside);
  try {
    const first = pane("summary", "answer"), second = beside && pane("other-summary", "other-answer");
    for (const each of [first, second]) if (each) showWaiting(each);
    const refusal = await become().catch(() => "");
    first.token = state.token;
    heed(first, $("persona").value);
    const one = await ask(first, question, refusal);
    const two = second ? await asBeside(second, question, beside) : null;
    if (one) showAnswer(first, one.body, one.status, one.took, two?.body);
    if (two) showAnswer(second, two.body, two.status, two.took, one?.body);
    planOf(one?.body.extensions?.record, first.token);
    remember(question, reopen);
    if (matchMedia("(max-width: 1000px)").matches) $("summary").scrollIntoView({ block: "start" }); // it is below the fold
  } finally {
    $("run").disabled = false;
  }
}

const ROUNDS = 4; // what falls away may leave something else that stands alone

/** The same question asked by another persona, under that persona's own case and purpose, as far as it can be named. */
async function asBeside(into, question, persona) {
  const { token, refusal } = await tokenFor({ persona: persona.name });
  into.token = token;
  heed(into, persona.name);
  const lost = new Set();
  let told = await ask(into, question, refusal);
  for (let round = 0; told && round < ROUNDS; round += 1) {
    const places = unnameable(question.query, told.body);
    if (!places.size) break;
    for (const each of told.body.errors) lost.add(each.extensions?.where ?? each.message.match(/'(\w+)'/)?.[1]);
    question = without(question.query, question.variables, places);
    if (question.query) told = await ask(into, question, "");
    else {
      showTrouble(into, [{ message: "Nothing of this operation is a word to this persona.", extensions: { code: "UNKNOWN_FIELD" } }]);
      told = null;
    }
  }
  $("other-lost").hidden = !lost.size;
  $("other-lost").textContent = `No fields to ${persona.agency} in this role, so not asked: ${[...lost].join(", ")}.`;
  return told;
}

function showSides(beside) {
  $("other").hidden = $("pane-who").hidden = !beside;
  if (!beside) return;
  $("pane-who").textContent = `${short(chosen())} (${chosen().agency})`;
  $("other-who").textContent = `${short(beside)} (${beside.agency})`;
}

function put(question) {
  $("query").value = question.query;
  $("variables").value = JSON.stringify(question.variables, null, 2);
  if (named(question.persona)) {
    $("persona").value = question.persona;
    showPersona();
    if (question.case) $("case").value = question.case;
    if (question.purpose) $("purpose").value = question.purpose;
  }
  paint();
  closeComplete();
  if (!$("docs").hidden) showDocs();
}

function reopen(question) {
  put(question);
  current(-1);
}

function choose(index) {
  put(state.queries[index]);
  current(index);
}

const current = (index) => [...$("ready").querySelectorAll("button")].forEach((button, each) => button.setAttribute("aria-current", String(each === index)));

// ---- taking it elsewhere ------------------------------------------------------------------------------------------------

async function take(form) {
  const question = asked();
  if (!question) return;
  let text, told = `Copied as ${form}; the token is not in it.`;
  if (form === "link") {
    const [link, left] = linkTo(question);
    text = link;
    told = left ? `Link copied; ${left} ${left === 1 ? "value is" : "values are"} left out of it.` : "Link copied.";
  } else {
    const acknowledged = [...(state.acknowledged.get(question.persona) ?? [])];
    text = FORMS[form]({ query: question.query, variables: question.variables, ...(acknowledged.length ? { extensions: { acknowledged } } : {}) });
  }
  try {
    await navigator.clipboard.writeText(text);
  } catch { // no leave to write there: show it to be copied by hand
    $("why-title").textContent = form === "link" ? "Link" : `As ${form}`;
    $("why-body").replaceChildren(element("pre", { tabindex: "0", class: "taken" }, text));
    $("why").showModal();
    told = "";
  }
  $("taken").textContent = told;
}

// ---- start --------------------------------------------------------------------------------------------------------------

function personaOptions() {
  const agencies = [...new Set(state.personas.map((each) => each.agency))];
  const option = (each) => element("option", { value: each.name }, short(each));
  return agencies.map((agency) => element("optgroup", { label: agency }, ...state.personas.filter((each) => each.agency === agency).map(option)));
}

function queryButton(ready, index) {
  const persona = named(ready.persona);
  return element("li", {}, element("button", { type: "button", onclick: () => choose(index) },
    element("b", {}, ready.title), element("span", {}, persona ? short(persona) : ready.persona)));
}

/** Outside development nobody is made up: the caller brings a token. */
function withoutPersonas() {
  for (const pick of document.querySelectorAll(".pick")) pick.hidden = !pick.classList.contains("token");
  $("who").textContent = state.queries.length
    ? "Paste a token of your agency's issuer. It stays on this page."
    : "This graph governs nothing; no token is needed.";
  $("token").addEventListener("change", changeCaller);
}

function listen() {
  $("persona").addEventListener("change", () => { showPersona(); changeCaller(); });
  $("purpose").addEventListener("change", changeCaller);
  $("case").addEventListener("change", changeCaller);
  $("run").addEventListener("click", run);
  $("find").addEventListener("input", () => showDocs());
  $("forget").addEventListener("click", () => forgetHistory(reopen));
  for (const button of document.querySelectorAll("[data-form]")) button.addEventListener("click", () => take(button.dataset.form));
  tabs(["queries", "docs", "history"], (name) => name === "docs" && showDocs());
  tabs(["panes", "plan"], (name) => name === "plan" && showPlan());
  startEditor(run);
}

async function start() {
  const { body } = await fetchJson("/explorer/queries.json");
  state.queries = body.queries ?? [];
  if (body.personas) state.personas = (await fetchJson("/dev/personas")).body.personas ?? [];
  $("persona").replaceChildren(...personaOptions());
  $("beside").replaceChildren(element("option", { value: "" }, "nobody"), ...personaOptions());
  $("ready").replaceChildren(...state.queries.map(queryButton));
  listen();
  showHistory(reopen);
  planOf("");
  if (!state.personas.length) withoutPersonas();
  if (state.queries.length) choose(0);
  else $("ready").replaceChildren(element("li", { class: "soft" }, "There are no ready queries for this graph."));
  const link = location.hash ? linked(location.hash) : null;
  if (link) reopen(link);
  document.body.dataset.ready = "true";
  if (body.personas) watchTrouble(changeCaller);
}

start();
