import { existsSync, readdirSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { JsonObject } from "../../meta/index.ts";
import { decodeObject, type ObjectShape, shapeByName, shapeOf } from "../../schema/index.ts";
import { MalformedDocument } from "../parsed.ts";
import {
  decodeProtobuf,
  encodeMessage,
  encodeProtobuf,
  openProtobuf,
  protobufItemHead,
  protobufListFrame,
  protobufWatchFrame,
  readProtobufWatchEvent,
} from "./index.ts";

const folder = new URL("../../../../../shared/spec/roundtrip/", import.meta.url);
const watchEvent = shapeByName("io.k8s.apimachinery.pkg.apis.meta.v1.WatchEvent");

function shapeFor(object: JsonObject): ObjectShape {
  const shape = shapeOf(String(object.apiVersion), String(object.kind)) ?? watchEvent;
  if (!shape) throw new Error("no shape");
  return shape;
}

describe.skipIf(!existsSync(folder))("against the round-trip objects (skipped where ../shared is absent)", () => {
  const names = () =>
    readdirSync(folder)
      .filter((f) => f.endsWith(".pb"))
      .map((f) => f.slice(0, -3));
  const json = (name: string) => JSON.parse(readFileSync(new URL(`${name}.json`, folder), "utf8")) as JsonObject;
  const pb = (name: string) => readFileSync(new URL(`${name}.pb`, folder));

  it("encodes every type to the byte", () => {
    const different = names().filter((name) => {
      const object = json(name);
      return !Buffer.from(encodeProtobuf(object, shapeFor(object))).equals(pb(name));
    });
    expect(different).toEqual([]);
    expect(names().length).toBeGreaterThan(150);
  });

  it("decodes every type", () => {
    const different = names().filter((name) => {
      const expected = json(name);
      const shape = shapeFor(expected);
      const { object } = decodeObject(decodeProtobuf(pb(name), shape), shape, { unknownFields: "drop" });
      return JSON.stringify(sorted(object)) !== JSON.stringify(sorted(expected));
    });
    expect(different).toEqual([]);
  });

  it("refuses what is cut off or changed, and never breaks", () => {
    const bytes = pb("apps.v1.Deployment");
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.nat(255), fc.boolean(), (at, value, cut) => {
        const broken = cut ? bytes.subarray(0, at) : Buffer.from(bytes);
        if (!cut) broken[at] = value;
        try {
          decodeProtobuf(broken);
        } catch (err) {
          expect(err).toBeInstanceOf(MalformedDocument);
        }
      }),
    );
  });
});

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([k, v]) => [k, sorted(v)]),
  );
}

describe("protobuf", () => {
  const pod = (name: string): JsonObject => ({
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name },
    spec: { containers: [] },
  });

  it("writes what Go holds without pointer also when it is empty", () => {
    const decoded = decodeProtobuf(encodeProtobuf({ apiVersion: "v1", kind: "Pod" }, shapeFor(pod("a"))));
    expect(decoded).toMatchObject({
      metadata: { name: "", namespace: "" },
      spec: { nodeName: "" },
      status: { phase: "" },
    });
    expect(decoded.spec).not.toHaveProperty("priority");
  });

  it("makes lists of messages that are encoded already", () => {
    const items = [encodeMessage(pod("a"), shapeFor(pod("a"))), encodeMessage(pod("b"), shapeFor(pod("b")))];
    const parts = items.flatMap((item) => [protobufItemHead(item.length), item]);
    const bytes = parts.reduce((sum, part) => sum + part.length, 0);
    const facts = { apiVersion: "v1", kind: "PodList", metadata: { resourceVersion: "7" } };
    const { head, tail } = protobufListFrame(facts, bytes);
    const list = Buffer.concat([head, ...parts, tail]);
    const whole = {
      apiVersion: "v1",
      kind: "PodList",
      metadata: { resourceVersion: "7" },
      items: [pod("a"), pod("b")],
    };
    expect(list.equals(encodeProtobuf(whole, shapeFor(whole)))).toBe(true);
  });

  it("keeps integers, times before 1970, micro times, and keys in Go's order", () => {
    const lease = {
      apiVersion: "coordination.k8s.io/v1",
      kind: "Lease",
      metadata: {
        name: "l",
        generation: -3,
        creationTimestamp: "1969-12-31T23:59:59Z",
        labels: { b: "", a: "", "\u{1f600}": "", "\uffff": "" },
      },
      spec: { renewTime: "2026-01-01T00:00:00.000123Z", leaseDurationSeconds: 2 ** 31 - 1 },
    };
    const { object } = decodeObject(decodeProtobuf(encodeProtobuf(lease, shapeFor(lease))), shapeFor(lease), {
      unknownFields: "drop",
    });
    expect(object).toEqual(lease);
    const labels = (decodeProtobuf(encodeProtobuf(lease, shapeFor(lease))).metadata as { labels: object }).labels;
    expect(Object.keys(labels)).toEqual(["a", "b", "\uffff", "\u{1f600}"]);
  });

  it("frames watch events", () => {
    const document = encodeProtobuf(pod("a"), shapeFor(pod("a")));
    const frame = Buffer.from(protobufWatchFrame("ADDED", document));
    expect(frame.readUInt32BE(0)).toBe(frame.length - 4);
    const event = readProtobufWatchEvent(frame.subarray(4));
    expect(event.type).toBe("ADDED");
    expect(openProtobuf(event.document)).toMatchObject({ apiVersion: "v1", kind: "Pod" });
  });

  it("keeps null among values of any sort", () => {
    const name = "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps";
    const shape = shapeByName(name);
    if (shape === undefined) throw new Error(`no definition ${name}`);
    expect(decodeProtobuf(encodeProtobuf({ enum: [null, 1, {}] }, shape), shape).enum).toEqual([null, 1, {}]);
  });

  it("bounds how deep the JSON in it may nest", () => {
    const shape = shapeByName("io.k8s.api.apps.v1.ControllerRevision");
    if (shape === undefined) throw new Error("no definition of ControllerRevision");
    const good = Buffer.from(encodeProtobuf({ data: { a: "x".repeat(9000) } }, shape)).toString("latin1");
    const deep = good.replace(`"${"x".repeat(9000)}"`, `${"[".repeat(4501)}${"]".repeat(4501)}`);
    expect(() => decodeProtobuf(Buffer.from(deep, "latin1"), shape)).toThrow("proto: an embedded object is no JSON");
  });

  it("says what is no protobuf", () => {
    expect(() => decodeProtobuf(Buffer.from("{}"))).toThrow(MalformedDocument);
  });
});
