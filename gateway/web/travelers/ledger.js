// What the ledger of an answer says of a place in it.

const joined = (path) => path.join("\u0000");
const general = (path) => joined(path.map((step) => (typeof step === "number" ? "[]" : step)));

/** A reader of `extensions.sharing`: the lines for a path, and whether a path is under an error. */
export function ledgerOf(answer) {
  const lines = new Map();
  for (const entry of answer.extensions?.sharing ?? []) {
    const key = joined(entry.path);
    lines.set(key, [...(lines.get(key) ?? []), entry]);
  }
  return {
    all: answer.extensions?.sharing ?? [],
    at: (path) => lines.get(general(path)) ?? [],
    failed: (path) => (answer.errors ?? []).some((error) => error.path?.length && error.path.every((step, index) => step === path[index])),
  };
}

export const WORDS = {
  NO_AGREEMENT: "no agreement with your agency names it",
  NOT_IN_FORCE: "the agreements that name it are not in force",
  PURPOSE_NOT_COVERED: "shared for other purposes than yours",
  ROLE_NOT_COVERED: "shared with other roles than yours",
  WITHHELD_BY_PROVIDER: "the owner withholds it by name",
  STATUTE: "a statute forbids it",
  CASE_CONDITION: "your case does not meet the agreement's conditions",
  OBLIGATION_UNMET: "terms have to be acknowledged first",
  NOT_SHARED: "the agreement's conditions are not met here",
  FACT_UNAVAILABLE: "a fact that decides on it could not be had",
};
