// For a subgraph in JavaScript: is this request the gateway's, for this subgraph and this body, and what does it grant?
// No dependencies; Node 18 and newer. What it has to hold: docs/agency-guide.md, "A subgraph without the kit".
import { createHash, createPublicKey, timingSafeEqual, verify } from "node:crypto";

export const HEADER = "gateway-assertion";
const KIND = "subgraph-assertion+jwt", ISSUER = "two-way-street-gateway", SKEW = 5, LONGEST = 60;

export class Refused extends Error {
  /** @param {string} code @param {number} status */
  constructor(code, status = 401) {
    super(code);
    this.code = code;
    this.status = status;
  }
}

const decoded = (part) => JSON.parse(Buffer.from(part, "base64url").toString("utf8"));

/**
 * The claims of a request's assertion; throws `Refused` with what is wrong with it, and then nothing may be answered.
 * @param {string | undefined} token  The header `Gateway-Assertion`.
 * @param {Buffer} body  The request's body, byte for byte.
 * @param {{ keys: { keys: object[] }, audience: string, now?: number }} known  The gateway's JWKS
 *   (`GET /.well-known/jwks.json`), this subgraph's name in the graph, the time in seconds.
 */
export function assertionOf(token, body, { keys, audience, now = Date.now() / 1000 }) {
  if (!token) throw new Refused("ASSERTION_MISSING");
  const parts = token.split(".");
  let header, claims;
  try {
    if (parts.length !== 3) throw new SyntaxError();
    header = decoded(parts[0]);
    claims = decoded(parts[1]);
  } catch {
    throw new Refused("ASSERTION_MALFORMED");
  }
  if (header.alg !== "Ed25519") throw new Refused("ASSERTION_WRONG_ALGORITHM");
  if (header.typ !== KIND) throw new Refused("ASSERTION_WRONG_TYPE");
  const jwk = keys.keys.find((each) => each.kid === header.kid && each.crv === "Ed25519");
  if (!jwk) throw new Refused("ASSERTION_UNKNOWN_KEY");
  const key = createPublicKey({ key: jwk, format: "jwk" });
  const signed = Buffer.from(`${parts[0]}.${parts[1]}`);
  if (!verify(null, signed, key, Buffer.from(parts[2], "base64url"))) throw new Refused("ASSERTION_BAD_SIGNATURE");
  if (claims.iss !== ISSUER) throw new Refused("ASSERTION_WRONG_ISSUER");
  if (claims.aud !== audience) throw new Refused("ASSERTION_WRONG_AUDIENCE");
  if (!Number.isFinite(claims.iat) || !Number.isFinite(claims.exp)) throw new Refused("ASSERTION_CLAIM_MISSING");
  if (claims.iat > now + SKEW) throw new Refused("ASSERTION_NOT_YET_VALID");
  if (claims.exp <= now - SKEW) throw new Refused("ASSERTION_EXPIRED");
  if (claims.exp - claims.iat > LONGEST) throw new Refused("ASSERTION_TOO_LONG");
  const stated = Buffer.from(String(claims.digest), "base64url");
  const own = createHash("sha256").update(body).digest();
  if (stated.length !== own.length || !timingSafeEqual(stated, own)) throw new Refused("ASSERTION_WRONG_BODY");
  return claims;
}

/** Throws `Refused` unless every coordinate (`Type.field`; `_service` for the SDL) is among the grants. */
export function grantsAll(claims, coordinates) {
  for (const each of coordinates) {
    if (!Object.hasOwn(claims.grants ?? {}, each)) throw new Refused("NOT_PERMITTED", 403);
  }
}
