import type { AnswerHeaders } from "./exchange.ts";

/** Headers of every answer of the API. */
export function answerHeaders(contentType: string, auditId: string, warnings?: readonly string[]): AnswerHeaders {
  const headers: AnswerHeaders = {
    "audit-id": auditId,
    "cache-control": "no-cache, private",
    "content-type": contentType,
  };
  if (warnings !== undefined && warnings.length > 0) headers.warning = warningHeaders(warnings);
  return headers;
}

const warningCharsMax = 256;
const warningsCharsMax = 4096;

/** Each distinct text once; when all are long, each is cut, and what exceeds the bound is left out. */
function warningHeaders(warnings: readonly string[]): string[] {
  const texts = new Set(warnings.map(printable));
  let total = 0;
  for (const text of texts) total += text.length;
  const cut = total > warningsCharsMax;
  const values: string[] = [];
  let used = 0;
  for (const text of texts) {
    const shown = cut ? text.slice(0, warningCharsMax) : text;
    used += shown.length;
    if (used > warningsCharsMax) break;
    values.push(`299 - "${shown.replace(/["\\]/g, "\\$&")}"`);
  }
  return values;
}

/** A header holds no control characters, and what is beyond ASCII as the bytes of UTF-8. */
function printable(text: string): string {
  const flat = /[\p{Cc}]/u.test(text) ? text.replace(/[\p{Cc}]+/gu, " ") : text;
  return Buffer.from(flat, "utf8").toString("latin1");
}
