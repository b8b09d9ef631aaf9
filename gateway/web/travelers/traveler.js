// The traveler page: for whom the story is told, and asking for it. Two people may look beside each other.
import { $, element, fetchJson, post, state, tokenFor } from "/explorer/page.js";
import { operationOf, viewOf } from "./ask.js";
import { story } from "./story.js";
import { caseOf, follow, said, watchOf } from "./watch.js";

const number = decodeURIComponent(location.pathname.split("/")[2] ?? "");
let personas = [];
let watching = new AbortController(); // the lines of those who look now; others end with them

const short = (persona) => persona.title.split(/[;:]/)[0];
const named = (name) => personas.find((each) => each.name === name);

function options() {
  const agencies = [...new Set(personas.map((each) => each.agency))];
  const option = (each) => element("option", { value: each.name }, short(each));
  return agencies.map((agency) => element("optgroup", { label: agency }, ...personas.filter((each) => each.agency === agency).map(option)));
}

/** One side of the page: a heading that says who looks, and the story, which comes later. */
function side(persona) {
  const who = persona ? `${short(persona)} (${persona.agency})` : "Your token";
  const body = element("div", { class: "story", "aria-busy": "true" }, element("p", { class: "soft", role: "status" }, "Asking …"));
  const head = persona ? [persona.role, persona.purpose, persona.case].filter(Boolean).join(" · ") : "";
  const made = element("section", { class: "side-of", "aria-label": who }, element("h2", {}, who), element("p", { class: "soft" }, head), body);
  return { made, body };
}

function trouble(message, hint) {
  return element("div", { class: "trouble", role: "alert" }, element("p", {}, message), hint ? element("p", { class: "hint" }, hint) : null);
}

/** Ask as one caller and put what came of it into `body`. */
async function tell(body, persona) {
  const { token, refusal } = persona ? await tokenFor({ persona: persona.name }) : { token: $("token").value.trim(), refusal: "" };
  const parts = refusal ? [trouble(refusal)] : await told(asking(token, persona?.name ?? ""), persona ? short(persona) : "you");
  body.replaceChildren(...parts);
  body.setAttribute("aria-busy", "false");
}

/** Who asks, and the terms that this persona has acknowledged on this page; those it acknowledges go with the next question. */
function asking(token, name) {
  const acknowledged = state.acknowledged.get(name) ?? new Set();
  const acknowledge = (agreements) => {
    state.acknowledged.set(name, new Set([...acknowledged, ...agreements]));
    show();
  };
  return { token, acknowledged, acknowledge };
}

async function told(into, who) {
  const { view, body } = await viewOf(into.token);
  if (!view) return [trouble(body.errors?.[0]?.message ?? "The gateway did not answer.", body.errors?.[0]?.extensions?.hint)];
  const operation = operationOf(view);
  if (!operation) return [trouble("Your role has no field of any traveler.", "No agreement gives it one.")];
  const answer = (await post(operation, { traveler: number }, into.token, [...into.acknowledged])).body;
  if (answer.data === undefined) return (answer.errors ?? []).map((each) => trouble(each.message, each.extensions?.hint));
  const record = answer.extensions?.record;
  const live = answer.data.traveler ? alerts(view, into.token, who) : "";
  return [live, ...story(view, answer, into, who), record ? element("p", { class: "record-of soft" }, "On record as ", element("code", {}, record)) : ""];
}

/** What happens to this person from now on, as the caller hears of it by its own case; nothing where it may hear nothing. */
function alerts(view, token, who) {
  const file = caseOf(token);
  const query = file ? watchOf(view) : "";
  if (!query) return "";
  const list = element("ul", { "aria-live": "assertive" });
  const line = element("p", { class: "soft", role: "status" });
  const made = element("section", { class: "alerts", "aria-label": `As it happens, told to ${who}`, "data-state": "" }, line, list);
  const heard = (event) => {
    const words = said(event, number);
    if (!words) return;
    made.classList.add("news");
    const again = element("button", { type: "button", onclick: show }, "Show the story now");
    list.prepend(element("li", {}, element("strong", {}, words), ` ${new Date().toLocaleTimeString()} `, again));
  };
  const words_of = { open: `Listening for what happens, as of case ${file}.`, lost: "The line broke; it is being taken up again." };
  const state = (word) => {
    made.dataset.state = words_of[word] ? word : "ended";
    line.textContent = words_of[word] ?? `Nothing more is heard here: ${word}`;
  };
  follow(query, { case: file }, token, { signal: watching.signal, heard, state });
  return made;
}

async function show() {
  watching.abort();
  watching = new AbortController();
  $("run").disabled = true;
  document.body.dataset.ready = "false";
  const beside = named($("beside").value);
  const callers = personas.length ? [named($("persona").value), ...(beside ? [beside] : [])] : [null];
  const sides = callers.map(side);
  $("sides").replaceChildren(...sides.map((each) => each.made));
  try {
    await Promise.all(callers.map((persona, index) => tell(sides[index].body, persona).catch((problem) => {
      sides[index].body.replaceChildren(trouble(`The gateway did not answer: ${problem.message}`));
    })));
  } finally {
    $("run").disabled = false;
    document.body.dataset.ready = "true";
  }
}

/** The persona whose case this person is, where one is named after the story; else the first. */
function choosePersona() {
  const asked = new URLSearchParams(location.search);
  $("persona").value = named(asked.get("as"))?.name ?? personas.find((each) => each.case)?.name ?? "";
  $("beside").value = named(asked.get("beside"))?.name ?? "";
}

async function start() {
  $("number").textContent = number;
  document.title = `${number} · Two-Way Street`;
  const { body } = await fetchJson("/explorer/queries.json");
  if (body.personas) personas = (await fetchJson("/dev/personas")).body.personas ?? [];
  $("persona").replaceChildren(...options());
  $("beside").replaceChildren(element("option", { value: "" }, "nobody"), ...options());
  $("run").addEventListener("click", show);
  if (personas.length) {
    choosePersona();
    for (const id of ["persona", "beside"]) $(id).addEventListener("change", show);
    await show();
  } else {
    for (const pick of document.querySelectorAll(".pick")) pick.hidden = !pick.classList.contains("token");
    $("sides").replaceChildren(element("p", { class: "soft" }, "Paste a token of your agency's issuer. It stays on this page."));
    document.body.dataset.ready = "true";
  }
}

start();
