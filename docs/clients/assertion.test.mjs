// node --test docs/clients/assertion.test.mjs
import assert from "node:assert/strict";
import { createHash, generateKeyPairSync, sign } from "node:crypto";
import { test } from "node:test";
import { assertionOf, grantsAll } from "./assertion.mjs";

const { publicKey, privateKey } = generateKeyPairSync("ed25519");
const stranger = generateKeyPairSync("ed25519").privateKey;
const keys = { keys: [{ ...publicKey.export({ format: "jwk" }), kid: "k" }] };
const body = Buffer.from('{"query": "{ _service { sdl } }"}');
const NOW = 1_793_534_400;
const known = { keys, audience: "luggage", now: NOW };
const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");

function token({ header = {}, claims = {}, key = privateKey } = {}) {
  const head = part({ alg: "Ed25519", typ: "subgraph-assertion+jwt", kid: "k", ...header });
  const digest = createHash("sha256").update(body).digest("base64url");
  const said = part({ iss: "two-way-street-gateway", aud: "luggage", iat: NOW, exp: NOW + 60, digest, grants: { _service: "allow" }, ...claims });
  return `${head}.${said}.${sign(null, Buffer.from(`${head}.${said}`), key).toString("base64url")}`;
}

test("the gateway's word is taken", () => {
  assert.deepEqual(assertionOf(token(), body, known).grants, { _service: "allow" });
});

const flaws = {
  ASSERTION_MISSING: [undefined],
  ASSERTION_MALFORMED: ["a.b"],
  ASSERTION_WRONG_ALGORITHM: [token({ header: { alg: "none" } })],
  ASSERTION_WRONG_TYPE: [token({ header: { typ: "caller+jwt" } })],
  ASSERTION_UNKNOWN_KEY: [token({ header: { kid: "other" } })],
  ASSERTION_BAD_SIGNATURE: [token({ key: stranger })],
  ASSERTION_WRONG_ISSUER: [token({ claims: { iss: "me" } })],
  ASSERTION_WRONG_AUDIENCE: [token({ claims: { aud: "visas" } })],
  ASSERTION_CLAIM_MISSING: [token({ claims: { exp: "soon" } })],
  ASSERTION_NOT_YET_VALID: [token({ claims: { iat: NOW + 60, exp: NOW + 120 } })],
  ASSERTION_EXPIRED: [token({ claims: { iat: NOW - 120, exp: NOW - 60 } })],
  ASSERTION_TOO_LONG: [token({ claims: { exp: NOW + 3600 } })],
  ASSERTION_WRONG_BODY: [token(), Buffer.from("{}")],
};
for (const [code, [given, other = body]] of Object.entries(flaws)) {
  test(code, () => assert.throws(() => assertionOf(given, other, known), { code }));
}

test("what is not granted is refused", () => {
  const claims = assertionOf(token(), body, known);
  grantsAll(claims, ["_service"]);
  assert.throws(() => grantsAll(claims, ["_service", "Visa.status"]), { code: "NOT_PERMITTED", status: 403 });
  assert.throws(() => grantsAll(claims, ["toString"]), { code: "NOT_PERMITTED" });
});
