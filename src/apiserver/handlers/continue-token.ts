import { errors } from "../../api/meta/index.ts";
import type { Revision } from "../../store/index.ts";

/** Where a paged list goes on. `revision` is undefined when the pages may differ in revision. */
export interface ListPosition {
  readonly revision: Revision | undefined;
  /** The last key of the page before. */
  readonly afterKey: string;
}

const tokenVersion = "meta.k8s.io/v1";
/** Marks a token whose next page may be of the newest revision. */
const anyRevision = -1;

/** The original's token: base64url of {v, rv, start}; start is the next key to look at, without the collection's prefix. */
export function encodeContinue(prefix: string, afterKey: string, revision: Revision | undefined): string {
  const start = `${afterKey.slice(prefix.length)}\u0000`;
  const token = { v: tokenVersion, rv: revision ?? anyRevision, start };
  return Buffer.from(JSON.stringify(token)).toString("base64url");
}

/** @throws ApiError 400 for anything that is no token of ours. */
export function decodeContinue(prefix: string, text: string): ListPosition {
  const token = parseToken(text);
  if (token.v !== tokenVersion) {
    throw invalidToken(`server does not recognize this encoded version ${JSON.stringify(token.v ?? "")}`);
  }
  const { start, rv } = token;
  if (typeof start !== "string" || start === "") {
    throw invalidToken(`encoded start key empty (version ${tokenVersion})`);
  }
  if (typeof rv !== "number" || rv === 0) {
    throw invalidToken(`incorrect encoded start resourceVersion (version ${tokenVersion})`);
  }
  if (start.split("/").some((part) => part === "..")) throw invalidToken(start);
  const afterKey = prefix + (start.endsWith("\u0000") ? start.slice(0, -1) : start);
  return { revision: rv < 0 ? undefined : rv, afterKey };
}

interface Token {
  v?: unknown;
  rv?: unknown;
  start?: unknown;
}

const alphabet = /^[A-Za-z0-9_-]*$/;

function parseToken(text: string): Token {
  if (!alphabet.test(text) || text.length % 4 === 1) {
    const at = text.search(/[^A-Za-z0-9_-]/);
    throw invalidToken(`illegal base64 data at input byte ${at < 0 ? text.length - 1 : at}`);
  }
  const bytes = Buffer.from(text, "base64url");
  try {
    const value: unknown = JSON.parse(bytes.toString());
    if (typeof value === "object" && value !== null) return value as Token;
  } catch {
    // told below, in the original's words
  }
  throw invalidToken(jsonComplaint(bytes));
}

function jsonComplaint(bytes: Buffer): string {
  const first = bytes[0];
  if (first === undefined) return "unexpected end of JSON input";
  const character = String.fromCharCode(first);
  const shown = first < 0x20 || first > 0x7e ? `\\u${first.toString(16).padStart(4, "0")}` : character;
  return `invalid character '${shown}' looking for beginning of value`;
}

function invalidToken(why: string): Error {
  return errors.badRequest(`invalid continue token: continue key is not valid: ${why}`);
}
