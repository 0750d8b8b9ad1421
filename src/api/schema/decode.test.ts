import { describe, expect, it } from "vitest";
import { deepFreeze, type JsonObject, type JsonValue } from "../meta/index.ts";
import { decodeObject, shapeOf, strictDecodingError, strictProblems } from "./index.ts";

function decode(value: JsonObject, unknownFields: "collect" | "drop" = "collect") {
  const shape = shapeOf(String(value.apiVersion), String(value.kind));
  if (!shape) throw new Error("no shape");
  return decodeObject(value, shape, { unknownFields });
}

const pod = (spec: JsonValue, metadata: JsonObject = { name: "p" }): JsonObject => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata,
  spec,
});
const refusal = (value: JsonObject) => {
  try {
    decode(value);
  } catch (err) {
    return (err as Error).message.replace(/^.*cannot be handled as a \w+: /, "");
  }
  return "accepted";
};

describe("decodeObject", () => {
  it("fills what is always written", () => {
    const { object } = decode({ apiVersion: "apps/v1", kind: "Deployment" });
    expect(object).toEqual({
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: {},
      spec: { strategy: {}, template: { metadata: {}, spec: { containers: null } } },
      status: {},
    });
  });

  it("drops nulls and what Go drops when empty, and keeps zeros behind pointers", () => {
    const spec = {
      replicas: 0,
      paused: false,
      minReadySeconds: 0,
      selector: null,
      template: {},
      strategy: { type: "" },
    };
    const { object } = decode({
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: { labels: {}, namespace: "" },
      spec,
    });
    expect(object.metadata).toEqual({});
    expect(object.spec).toEqual({
      replicas: 0,
      strategy: {},
      template: { metadata: {}, spec: { containers: null } },
    });
  });

  it("writes and drops empty fields of single types as the original's structs do", () => {
    const spec = { selector: {}, template: {}, replicas: 1 };
    expect(decode({ apiVersion: "apps/v1", kind: "StatefulSet", spec }).object.spec).toMatchObject({ serviceName: "" });
    const clientConfig = { caBundle: "", url: "https://h" };
    const hook = { apiVersion: "admissionregistration.k8s.io/v1", kind: "ValidatingWebhookConfiguration" };
    expect(decode({ ...hook, webhooks: [{ name: "w", clientConfig }] }).object.webhooks).toEqual([
      { admissionReviewVersions: null, name: "w", clientConfig: { url: "https://h" } },
    ]);
    expect(decode({ apiVersion: "v1", kind: "Service", spec: { healthCheckNodePort: 0 } }).object.spec).toEqual({});
    const review = { apiVersion: "authentication.k8s.io/v1", kind: "TokenReview", spec: { token: "" } };
    expect(decode(review).object.spec).toEqual({});
    const names = decode({ apiVersion: "v1", kind: "Node", status: { images: [{}] } }).object.status;
    expect(names).toMatchObject({ images: [{ names: null }] });
  });

  it("names unknown fields by their paths, in the document's order", () => {
    const containers = [{ name: "c", foo: 1 }];
    const spec = { containers, volumes: [{ name: "v", csi: { driver: "d", bar: 1 } }], x: null };
    const decoded = decode(pod(spec, { name: "p", zzz: "x" }));
    expect(decoded.unknownFields).toEqual([
      "metadata.zzz",
      "spec.containers[0].foo",
      "spec.volumes[0].csi.bar",
      "spec.x",
    ]);
    expect(decoded.object.spec).toMatchObject({ containers: [{ name: "c", resources: {} }] });
    expect(JSON.stringify(decoded.object)).not.toMatch(/foo|bar|zzz/);
    expect(decode(pod({ containers, y: 1 }), "drop").unknownFields).toEqual([]);
  });

  it("gives elements that are null Go's zero value", () => {
    const { object } = decode(pod({ containers: [null], nodeSelector: { a: null } }));
    expect(object.spec).toEqual({ containers: [{ name: "", resources: {} }], nodeSelector: { a: "" } });
    expect(decode({ apiVersion: "v1", kind: "Secret", metadata: {}, data: { a: null } }).object.data).toEqual({
      a: "",
    });
  });

  it("brings quantities and times into stored form", () => {
    const limits = { cpu: 1, memory: "1024Ki", x: "1000m" };
    const { object } = decode(
      pod(
        { containers: [{ name: "c", resources: { limits } }] },
        { name: "p", creationTimestamp: "2026-01-01T02:00:00.5+02:00" },
      ),
    );
    expect(object).toMatchObject({
      metadata: { creationTimestamp: "2026-01-01T00:00:00Z" },
      spec: { containers: [{ resources: { limits: { cpu: "1", memory: "1Mi", x: "1" } } }] },
    });
  });

  it("refuses wrong types in Go's words", () => {
    expect(refusal(pod({ containers: {} }))).toBe(
      "json: cannot unmarshal object into Go struct field PodSpec.spec.containers of type []v1.Container",
    );
    expect(refusal(pod({ priority: 2 ** 31 }))).toBe(
      "json: cannot unmarshal number 2147483648 into Go struct field PodSpec.spec.priority of type int32",
    );
    expect(refusal(pod({}, { labels: { a: 1 } }))).toBe(
      "json: cannot unmarshal number into Go struct field ObjectMeta.metadata.labels of type string",
    );
    expect(refusal({ apiVersion: "v1", kind: "Secret", data: { a: "***" } })).toBe(
      "illegal base64 data at input byte 0",
    );
    expect(refusal(pod({}, { creationTimestamp: "2026-13-01T00:00:00Z" }))).toBe(
      'parsing time "2026-13-01T00:00:00Z": month out of range',
    );
    expect(refusal(pod({}, { creationTimestamp: "x" }))).toBe(
      'parsing time "x" as "2006-01-02T15:04:05Z07:00": cannot parse "x" as "2006"',
    );
  });

  it("leaves a decoded object alone, so that parts may be shared", () => {
    const spec = { containers: [{ name: "c", ports: [{ containerPort: 80 }] }] };
    const first = deepFreeze(decode(pod(spec)).object);
    expect(decode(first).object).toBe(first);
  });

  it("is not fooled by names that JavaScript knows", () => {
    const value = JSON.parse(
      '{"apiVersion":"v1","kind":"Pod","metadata":{"labels":{"__proto__":"x"}},"__proto__":{"a":1}}',
    );
    const { object, unknownFields } = decode(value);
    expect(unknownFields).toEqual(["__proto__"]);
    expect(JSON.stringify(object.metadata)).toBe('{"labels":{"__proto__":"x"}}');
    expect(refusal(pod({ constructor: 1 }))).toBe("accepted");
    expect(decode(pod({ constructor: 1 })).unknownFields).toEqual(["spec.constructor"]);
  });
});

describe("strict decoding", () => {
  it("says all problems", () => {
    const problems = strictProblems(["metadata.zzz", "bogus"], ["spec.replicas"]);
    const shape = shapeOf("v1", "ConfigMap");
    if (!shape) throw new Error("no shape");
    expect(strictDecodingError({ apiVersion: "v1", kind: "ConfigMap" }, shape, problems).message).toBe(
      'ConfigMap in version "v1" cannot be handled as a ConfigMap: strict decoding error: duplicate field "spec.replicas", unknown field "metadata.zzz", unknown field "bogus"',
    );
  });
});
