// The explorer: one page, no library, nothing fetched from elsewhere. Who asks, what is asked, and the two tabs.
import { showAnswer, showTrouble, showWaiting } from "./answer.js";
import { showDocs } from "./docs.js";
import { closeComplete, paint, startEditor } from "./editor.js";
import { $, become, element, fetchJson, forget, post, state } from "./page.js";

// ---- who is asking --------------------------------------------------------------------------------------------------

const chosen = () => state.personas.find((each) => each.name === $("persona").value);

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

async function run() {
  if ($("run").disabled) return;
  let variables;
  try {
    variables = JSON.parse($("variables").value || "{}");
  } catch (problem) {
    return showTrouble([{ message: `The variables are not JSON: ${problem.message}`, extensions: { code: "WRONG_VARIABLE" } }]);
  }
  $("run").disabled = true;
  showWaiting();
  try {
    const refusal = await become();
    if (refusal) return showTrouble([{ message: refusal, extensions: { code: "NO_TOKEN" } }]);
    const began = performance.now();
    const { status, body } = await post($("query").value, variables);
    showAnswer(body, status, performance.now() - began);
  } catch (problem) {
    showTrouble([{ message: `The gateway did not answer: ${problem.message}`, extensions: { code: "NO_ANSWER" } }]);
  } finally {
    $("run").disabled = false;
  }
}

function choose(index) {
  const ready = state.queries[index];
  $("query").value = ready.query;
  $("variables").value = JSON.stringify(ready.variables, null, 2);
  if (state.personas.length) {
    $("persona").value = ready.persona;
    showPersona();
  }
  if (ready.case) $("case").value = ready.case;
  if (ready.purpose) $("purpose").value = ready.purpose;
  [...$("queries").querySelectorAll("button")].forEach((button, each) => button.setAttribute("aria-current", String(each === index)));
  paint();
  closeComplete();
  if (!$("docs").hidden) showDocs();
}

// ---- the tabs ---------------------------------------------------------------------------------------------------------

const TABS = ["queries", "docs"];

function tab(name) {
  for (const each of TABS) {
    $(each).hidden = each !== name;
    $(`tab-${each}`).setAttribute("aria-selected", String(each === name));
    $(`tab-${each}`).tabIndex = each === name ? 0 : -1;
  }
  if (name === "docs") showDocs();
}

function tabKeys(event) {
  if (event.key !== "ArrowLeft" && event.key !== "ArrowRight") return;
  const other = TABS.find((each) => $(each).hidden);
  tab(other);
  $(`tab-${other}`).focus();
}

// ---- start --------------------------------------------------------------------------------------------------------------

function personaOptions() {
  const agencies = [...new Set(state.personas.map((each) => each.agency))];
  const option = (each) => element("option", { value: each.name }, each.title.split(/[;:]/)[0]);
  return agencies.map((agency) => element("optgroup", { label: agency }, ...state.personas.filter((each) => each.agency === agency).map(option)));
}

function queryButton(ready, index) {
  const persona = state.personas.find((each) => each.name === ready.persona);
  return element("li", {}, element("button", { type: "button", onclick: () => choose(index) },
    element("b", {}, ready.title), element("span", {}, persona ? persona.title.split(/[;:]/)[0] : ready.persona)));
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
  for (const each of TABS) {
    $(`tab-${each}`).addEventListener("click", () => tab(each));
    $(`tab-${each}`).addEventListener("keydown", tabKeys);
  }
  startEditor(run);
}

async function start() {
  const { body } = await fetchJson("/explorer/queries.json");
  state.queries = body.queries ?? [];
  if (body.personas) state.personas = (await fetchJson("/dev/personas")).body.personas ?? [];
  $("persona").replaceChildren(...personaOptions());
  $("queries").replaceChildren(...state.queries.map(queryButton));
  listen();
  if (!state.personas.length) withoutPersonas();
  if (state.queries.length) choose(0);
  else $("queries").replaceChildren(element("li", { class: "soft" }, "There are no ready queries for this graph."));
  document.body.dataset.ready = "true";
}

start();
