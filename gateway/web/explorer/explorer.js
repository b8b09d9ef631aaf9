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
  $("persona").value = ready.persona;
  showPersona();
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

async function start() {
  const [personas, queries] = await Promise.all([fetchJson("/dev/personas"), fetchJson("/explorer/queries.json")]);
  state.personas = personas.body.personas ?? [];
  state.queries = queries.body.queries ?? [];
  $("persona").replaceChildren(...personaOptions());
  $("queries").replaceChildren(...state.queries.map(queryButton));
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
  if (!state.personas.length) showTrouble(personas.body.errors ?? [{ message: "There are no personas here.", extensions: { code: "NO_PERSONAS" } }]);
  else if (state.queries.length) choose(0);
  else showPersona();
  document.body.dataset.ready = "true";
}

start();
