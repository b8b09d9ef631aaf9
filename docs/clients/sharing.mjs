// Why is this null? Answers from `extensions.sharing`, the ledger of a gateway's answer. No dependencies; browsers and Node.
// The ledger's form: schema/sharing.schema.json. What to show: docs/frontend-guide.md.

/**
 * @typedef {object} Entry  One line of the ledger.
 * @property {"MASK" | "DENY" | "UNAVAILABLE"} outcome
 * @property {string} coordinate  `Type.field`.
 * @property {string[]} path  Response keys; `[]` stands for every position of a list.
 * @property {string} owner  The agency whose value it is.
 * @property {string} reason
 * @property {string} [mask]
 * @property {string} [agreement]
 * @property {string} [howToRequest]
 *
 * @typedef {{ data?: any, errors?: { path?: (string | number)[] }[], extensions?: { sharing?: Entry[] } }} Answer
 *
 * @typedef {object} Why
 * @property {"ALLOW" | "MASK" | "DENY" | "UNAVAILABLE"} outcome
 * @property {any} value  What stands at the path; null where nothing does.
 * @property {Entry} [entry]  The line of the ledger that says so: for the path, or for the nearest part above it.
 */

/**
 * The line of the ledger for a path, else the one for the nearest part above it; undefined where none speaks of it.
 * @param {(string | number)[]} path
 * @param {Entry[]} ledger
 * @returns {Entry | undefined}
 */
export function entryFor(path, ledger) {
  const plain = path.map((step) => (typeof step === "number" ? "[]" : step));
  for (let length = plain.length; length > 0; length--) {
    const found = ledger.find((entry) => entry.path.length === length && entry.path.every((step, n) => step === plain[n]));
    if (found) return found;
  }
  return undefined;
}

/**
 * What became of the value at a path of an answer. A line of the ledger can cover many rows and speak for some of them
 * only, so a value that is there counts as given, masked or plain, whatever was withheld of other rows. A null under an
 * error of that path, or of one above it, could not be had, and never means "none".
 * @param {Answer} answer
 * @param {(string | number)[]} path
 * @returns {Why}
 */
export function why(answer, path) {
  const ledger = answer.extensions?.sharing ?? [];
  const value = path.reduce((held, step) => held?.[step] ?? null, answer.data ?? null);
  const masked = entryFor(path, ledger.filter((entry) => entry.outcome === "MASK"));
  const withheld = entryFor(path, ledger.filter((entry) => entry.outcome !== "MASK"));
  const entry = value === null ? (withheld ?? masked) : masked;
  if (entry) return { outcome: entry.outcome, value, entry };
  const failed = (answer.errors ?? []).some((error) => !error.path || error.path.every((step, n) => step === path[n]));
  return value === null && failed ? { outcome: "UNAVAILABLE", value } : { outcome: "ALLOW", value };
}
