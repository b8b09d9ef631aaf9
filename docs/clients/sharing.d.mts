// Types of sharing.mjs, for TypeScript: copy both files. The ledger's form: schema/sharing.schema.json.

export type Outcome = "ALLOW" | "MASK" | "DENY" | "UNAVAILABLE";

/** One line of the ledger, `extensions.sharing` of an answer. */
export interface Entry {
  readonly outcome: Exclude<Outcome, "ALLOW">;
  /** `Type.field`. */
  readonly coordinate: string;
  /** Response keys; `[]` stands for every position of a list. */
  readonly path: readonly string[];
  /** The agency whose value it is. */
  readonly owner: string;
  readonly reason: string;
  readonly mask?: string;
  readonly agreement?: string;
  readonly howToRequest?: string;
}

export interface Answer {
  readonly data?: unknown;
  readonly errors?: readonly { readonly path?: readonly (string | number)[] }[];
  readonly extensions?: { readonly sharing?: readonly Entry[] };
}

export interface Why {
  readonly outcome: Outcome;
  /** What stands at the path; null where nothing does. */
  readonly value: unknown;
  /** The line of the ledger that says so: for the path, or for the nearest part above it. */
  readonly entry?: Entry;
}

/** The line of the ledger for a path, else the one for the nearest part above it; undefined where none speaks of it. */
export function entryFor(path: readonly (string | number)[], ledger: readonly Entry[]): Entry | undefined;

/** What became of the value at a path of an answer. A null under an error could not be had, and never means "none". */
export function why(answer: Answer, path: readonly (string | number)[]): Why;
