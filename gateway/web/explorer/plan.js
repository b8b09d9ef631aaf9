// The plan of the last answer, and what it took: waves, calls to subgraphs, their times. The gateway tells it in
// development only, to the caller who asked.
import { $, element, fetchJson } from "./page.js";

let shown = { record: "", token: "" };

/** Remember which answer the tab is about; it is asked for when somebody looks. */
export function planOf(record, token) {
  shown = { record: record ?? "", token };
  $("plan").replaceChildren(element("p", { class: "soft" }, "Run an operation to see its plan."));
  if (!$("plan").hidden) showPlan();
}

export async function showPlan() {
  if (!shown.record) return;
  const { record, token } = shown;
  const { status, body } = await fetchJson(`/dev/trace/${encodeURIComponent(record)}`, { headers: { authorization: `Bearer ${token}` } });
  if (record !== shown.record) return; // another answer came meanwhile
  if (status !== 200) return $("plan").replaceChildren(element("p", {}, body.errors?.[0]?.message ?? "The plan could not be had."));
  $("plan").replaceChildren(...drawing(body));
  $("plan").dataset.record = record;
}

/** Every fetch of the plan's tree with the number of its wave. */
function fetches(node, wave = 1, found = []) {
  if (!node) return [found, wave];
  if (node.kind === "Sequence") {
    let next = wave;
    for (const each of node.nodes) next = fetches(each, next, found)[1];
    return [found, next];
  }
  if (node.kind === "Parallel") return [found, Math.max(...node.nodes.map((each) => fetches(each, wave, found)[1]))];
  if (node.kind === "Fetch") {
    found.push({ ...node, wave });
    return [found, wave + 1];
  }
  return fetches(node.node, wave, found); // Flatten, Condition
}

const plural = (number, word, more = `${word}s`) => `${number} ${number === 1 ? word : more}`;
const ms = (value) => `${value < 10 ? value.toFixed(1) : Math.round(value)} ms`;
const bytes = (value) => (value < 1000 ? `${value} B` : `${(value / 1000).toFixed(1)} kB`);

function drawing({ plan, cost, calls, took, stages }) {
  const [planned] = fetches(plan.node);
  const left = [...calls];
  const take = (test) => { const at = left.findIndex(test); return at < 0 ? undefined : left.splice(at, 1)[0]; };
  const rows = planned.map((fetch) => ({ fetch, call: take((call) => call.subgraph === fetch.subgraph && call.text === fetch.text) }));
  const own = left.map((call) => ({ call }));
  const sent = calls.reduce((sum, call) => sum + call.sent, 0), received = calls.reduce((sum, call) => sum + call.received, 0);
  const entities = calls.reduce((sum, call) => sum + call.representations, 0);
  return [
    element("p", { class: "cost" }, element("strong", {}, `${plural(plan.fetches, "fetch", "fetches")} in ${plural(plan.depth, "wave")}`),
      ` · ${plural(calls.length, "call")} · ${plural(entities, "representation")} · ${bytes(sent)} sent, ${bytes(received)} received · ${ms(took)} in the gateway · cost estimated at ${cost}`),
    element("p", { class: "times" }, Object.entries(stages).map(([stage, time]) => `${stage} ${ms(time)}`).join(" · ")),
    element("ol", { class: "waves", "aria-label": "Calls in the order of the plan" },
      ...own.filter(({ call }) => call.began < (rows[0]?.call?.began ?? Infinity)).map((each) => line(each, took)),
      ...rows.map((each) => line(each, took)),
      ...own.filter(({ call }) => call.began >= (rows[0]?.call?.began ?? Infinity)).map((each) => line(each, took))),
    element("p", { class: "soft" }, "Bars stand where a call began and end where its answer was there. Fields that begin with __f_ are facts that the gateway reads to decide and shows to nobody."),
  ];
}

function line({ fetch, call }, took) {
  const name = fetch ? `wave ${fetch.wave} · fetch ${fetch.id}` : "facts";
  const whom = (fetch ?? call).subgraph;
  const after = fetch?.depends.length ? `after ${fetch.depends.join(", ")}` : fetch ? "" : "what decides: the case, and flags of the person";
  const times = call ? `${ms(call.took)}, begun at ${ms(call.began)}; ${plural(call.representations, "representation")}; ${bytes(call.sent)} sent, ${bytes(call.received)} received${call.status === 200 ? "" : `; status ${call.status || "none: no answer"}`}` : "not sent: nothing to ask about";
  const bar = element("span", { class: `span${call && call.status !== 200 ? " failed" : ""}` });
  if (call) {
    bar.style.setProperty("--from", `${(100 * call.began) / took}%`);
    bar.style.setProperty("--long", `${Math.max(0.6, (100 * call.took) / took)}%`);
  }
  const inputs = (fetch?.entities ?? []).flatMap((batch) => batch.inputs);
  return element("li", { "data-subgraph": whom, "data-wave": fetch?.wave ?? "facts" },
    element("div", { class: "head" }, element("b", {}, whom), element("span", {}, `${name}${after ? ` · ${after}` : ""}`)),
    element("div", { class: "track", "aria-hidden": "true" }, call ? bar : null),
    element("div", { class: "times" }, times),
    inputs.length ? element("div", { class: "times" }, "is sent: ", element("code", {}, inputs.join("; "))) : null,
    element("details", {}, element("summary", {}, "Its operation"), element("pre", { tabindex: "0" }, (fetch ?? call).text)));
}
