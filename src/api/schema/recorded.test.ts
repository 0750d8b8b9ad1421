import { existsSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { isApiError, type JsonObject, type JsonValue } from "../meta/index.ts";
import { decodeObject, shapeOf } from "./index.ts";

const recording = new URL("../../../../shared/spec/recorded/exchanges.jsonl", import.meta.url);

interface Step {
  method: string;
  path: string;
  ct?: string;
  body?: JsonValue;
  looseText?: boolean;
  expect?: { status: number; body?: JsonValue; looseText?: boolean };
}

function steps(): { id: string; step: Step }[] {
  const lines = readFileSync(recording, "utf8").trimEnd().split("\n");
  return lines.flatMap((line) => {
    const { id, steps } = JSON.parse(line) as { id: string; steps: Step[] };
    return steps.map((step) => ({ id, step }));
  });
}

/** The recording's placeholders in fields that hold times and numbers. */
function withoutPlaceholders(text: string): string {
  return text
    .replace(/"(renewTime|acquireTime|eventTime|lastObservedTime)":"<time>"/g, '"$1":"2026-01-01T00:00:00.000000Z"')
    .replaceAll('"<time>"', '"2026-01-01T00:00:00Z"')
    .replace(/"<(nodePort|port|healthCheckNodePort)>"/g, "30000")
    .replaceAll('"<age>"', '"1"');
}

/** Without what names Go's types: the type at the end, and embedded structs inside the path. */
function looseForm(text: string): string {
  return text.replace(/ of type .*/, "").replace(/(struct field \w+\.)(.*)/, (_, head: string, path: string) => {
    return head + path.replace(/\b[A-Z][a-z]\w*\./g, "");
  });
}

function objectIn(value: JsonValue | undefined): JsonObject | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? value : undefined;
}

function firstDifference(a: JsonValue | undefined, b: JsonValue | undefined, path: string): string | undefined {
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) {
    return a === b ? undefined : `${path}: ${JSON.stringify(a)}, not ${JSON.stringify(b)}`;
  }
  const [left, right] = [a as JsonObject, b as JsonObject];
  for (const key of new Set([...Object.keys(left), ...Object.keys(right)])) {
    const difference = firstDifference(left[key], right[key], `${path}.${key}`);
    if (difference) return difference;
  }
  return undefined;
}

describe.skipIf(!existsSync(recording))("against the recorded answers (skipped where ../shared is absent)", () => {
  it("decodes every answered object without unknown fields and leaves it as it is", () => {
    let objects = 0;
    const different: string[] = [];
    for (const { id, step } of steps()) {
      const answer = objectIn(step.expect?.body);
      const shape = answer && shapeOf(String(answer.apiVersion), String(answer.kind));
      if (!answer || !shape) continue;
      const text = withoutPlaceholders(JSON.stringify(answer));
      const { object, unknownFields } = decodeObject(JSON.parse(text), shape, { unknownFields: "collect" });
      const difference = firstDifference(object, JSON.parse(text), "");
      if (difference || unknownFields.length > 0) different.push(`${id}: ${difference} ${unknownFields}`);
      objects++;
    }
    expect(different.slice(0, 20).join("\n")).toBe("");
    expect(objects).toBeGreaterThan(4000);
  });

  it("refuses bodies of wrong types as the original does", () => {
    let refused = 0;
    const different: string[] = [];
    for (const { id, step } of steps()) {
      const message = objectIn(step.expect?.body)?.message;
      const sent = objectIn(step.body);
      if (typeof message !== "string" || !sent || (step.method !== "POST" && step.method !== "PUT")) continue;
      if (!/^\w+ in version "\w+" cannot be handled as a \w+: (?!no kind|strict)/.test(message)) continue;
      const shape = shapeOf(String(sent.apiVersion), String(sent.kind));
      if (!shape) continue;
      refused++;
      try {
        decodeObject(structuredClone(sent), shape, { unknownFields: "drop" });
        different.push(`${id}: accepted, not: ${message}`);
      } catch (err) {
        if (!isApiError(err)) throw err;
        const loose = (text: string) => (step.expect?.looseText ? looseForm(text) : text);
        if (loose(err.message) !== loose(message)) different.push(`${id}:\n   ${err.message}\n   ${message}`);
      }
    }
    expect(different.slice(0, 20).join("\n")).toBe("");
    expect(refused).toBeGreaterThan(500);
  });
});
