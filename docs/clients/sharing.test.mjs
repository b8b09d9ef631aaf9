// node --test docs/clients/sharing.test.mjs
import assert from "node:assert/strict";
import { test } from "node:test";
import { entryFor, why } from "./sharing.mjs";

const line = (outcome, path, more = {}) => ({ outcome, coordinate: "Visa.number", path, owner: "STATE_CA", reason: "", ...more });
const NUMBERS = ["traveler", "visas", "nodes", "[]", "number"];
const numbers = (...values) => ({ traveler: { visas: { nodes: values.map((number) => ({ number })) } } });
const at = (row) => ["traveler", "visas", "nodes", row, "number"];

test("a null without a line is none", () => {
  assert.deepEqual(why({ data: numbers(null), extensions: { sharing: [] } }, at(0)), { outcome: "ALLOW", value: null });
});

test("a line with [] speaks for every row", () => {
  const entry = line("DENY", NUMBERS, { reason: "NO_AGREEMENT" });
  const answer = { data: numbers(null, null), extensions: { sharing: [entry] } };
  assert.deepEqual(why(answer, at(1)), { outcome: "DENY", value: null, entry });
});

test("what is below a part that was withheld was withheld with it", () => {
  const entry = line("DENY", ["traveler", "visas"]);
  assert.equal(why({ data: { traveler: { visas: null } }, extensions: { sharing: [entry] } }, at(0)).entry, entry);
});

test("the nearest line speaks", () => {
  const near = line("DENY", NUMBERS);
  assert.equal(entryFor(at(3), [line("UNAVAILABLE", ["traveler"]), near]), near);
});

test("two lines on one path: the mask for the row that is there, the refusal for the one that is not", () => {
  const mask = line("MASK", NUMBERS, { mask: "LAST4" });
  const answer = { data: numbers("*0001", null), extensions: { sharing: [mask, line("DENY", NUMBERS)] } };
  assert.deepEqual(why(answer, at(0)), { outcome: "MASK", value: "*0001", entry: mask });
  assert.equal(why(answer, at(1)).outcome, "DENY");
});

test("a value that is there was given, though other rows were refused", () => {
  const answer = { data: numbers("A1", null, false), extensions: { sharing: [line("DENY", NUMBERS)] } };
  assert.deepEqual(why(answer, at(0)), { outcome: "ALLOW", value: "A1" });
  assert.deepEqual(why(answer, at(2)), { outcome: "ALLOW", value: false });
});

test("a null under an error could not be had, and is never none", () => {
  const failed = (...path) => ({ data: numbers(null), errors: [{ path }], extensions: { sharing: [] } });
  assert.equal(why(failed("traveler", "visas"), at(0)).outcome, "UNAVAILABLE");
  assert.equal(why(failed("traveler", "visas", "nodes", 1), at(0)).outcome, "ALLOW");
  assert.equal(why({ data: null, errors: [{}] }, ["traveler"]).outcome, "UNAVAILABLE");
});
