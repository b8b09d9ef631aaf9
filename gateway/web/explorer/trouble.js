// While `gateway dev` watches the tree: why what was saved last is not served, with the line of the Python that caused it.
import { $, fetchJson } from "./page.js";

const EVERY = 2000; // milliseconds

let last = "";

/** Shows the trouble and looks again, for as long as somebody watches the tree; with `renewed` when another graph is served. */
export async function watchTrouble(renewed) {
  const { status, body } = await fetchJson("/dev/trouble").catch(() => ({ status: 0, body: {} })); // between two gateways nobody answers
  if (status && !body.watched) return;
  const told = body.trouble ?? last;
  if (last && !told) renewed();
  last = told;
  $("not-served").textContent = told && `Not served: what you see is the last good graph.\n${told}`;
  $("not-served").hidden = !told;
  setTimeout(() => watchTrouble(renewed), EVERY);
}
