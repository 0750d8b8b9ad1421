import { expect, test } from "vitest";
import { encodeOpenApiV2 } from "./openapi-v2-protobuf.ts";

const hex = (document: Parameters<typeof encodeOpenApiV2>[0]) => encodeOpenApiV2(document).toString("hex");
const textHex = (text: string) => Buffer.from(text).toString("hex");

test("plain fields are written by their numbers, what has none is left out", () => {
  expect(hex({ swagger: "2.0", unknown: 1, info: { title: "T", version: "v" } })).toBe(
    `0a03${textHex("2.0")}1206${`0a01${textHex("T")}`}${`1201${textHex("v")}`}`,
  );
});

test("maps are pairs of name and value, and types and items are messages of their own", () => {
  const string = `b20108${`0a06${textHex("string")}`}`;
  const array = `b20107${`0a05${textHex("array")}`}`;
  const items = `ba010d${`0a0b${string}`}`;
  const pair = `0a01${textHex("A")}121a${array}${items}`;
  expect(hex({ definitions: { A: { type: "array", items: { type: "string" } } } })).toBe(`4a210a1f${pair}`);
});

test("extensions are JSON, which is YAML too", () => {
  const kinds = [{ group: "", kind: "Pod", version: "v1" }];
  expect(hex({ definitions: { A: { "x-kubernetes-group-version-kind": kinds } } })).toContain(
    textHex(JSON.stringify(kinds)),
  );
});
