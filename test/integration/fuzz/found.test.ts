// What the fuzz found, one by one: requests that once broke something, and what they are answered now.
import { beforeAll, describe, expect, it } from "vitest";
import type { JsonValue } from "../../../src/api/meta/index.ts";
import { toNode } from "../../fuzz/document.ts";
import { Target } from "../../fuzz/target.ts";

let target: Target;
beforeAll(async () => {
  target = await Target.start();
});

async function send(method: string, url: string, body?: JsonValue, type = "application/json") {
  const headers = { "content-type": type };
  const answer = await target.send({ method, url, headers, body: body === undefined ? undefined : toNode(body) });
  expect(target.takeErrors()).toEqual([]);
  return { code: answer.code, body: JSON.parse(answer.body.toString()) };
}

const daemonSet = {
  metadata: { name: "ds" },
  spec: {
    selector: { matchLabels: { app: "ds" } },
    template: { metadata: { labels: { app: "ds" } }, spec: { containers: [{ name: "c", image: "agent" }] } },
  },
};

describe("a patch", () => {
  const url = "/api/v1/namespaces/fuzz/configmaps";

  it("that makes another type of the object is refused", async () => {
    await send("POST", url, { metadata: { name: "typed" } });
    for (const type of ["application/merge-patch+json", "application/json-patch+json"]) {
      const body = type.includes("merge") ? { kind: "Wrong" } : [{ op: "replace", path: "/kind", value: "Wrong" }];
      const answer = await send("PATCH", `${url}/typed`, body, type);
      expect(answer.code).toBe(422);
      expect(answer.body.message).toContain('no kind "Wrong" is registered for version "v1" in scheme');
    }
    const secret = await send("PATCH", `${url}/typed`, { kind: "Secret" }, "application/merge-patch+json");
    expect(secret.body.message).toContain("converting (v1.Secret) to (core.ConfigMap): unknown conversion");
  });

  it("of the strategic kind has no say in the type", async () => {
    await send("POST", url, { metadata: { name: "strategic" } });
    const body = { kind: "Wrong", apiVersion: "v9", data: { a: "b" } };
    const answer = await send("PATCH", `${url}/strategic`, body, "application/strategic-merge-patch+json");
    expect(answer).toMatchObject({ code: 200, body: { kind: "ConfigMap", apiVersion: "v1", data: { a: "b" } } });
  });
});

it("a replication controller whose selector is no label is compared with its template", async () => {
  const answer = await send("POST", "/api/v1/namespaces/fuzz/replicationcontrollers", {
    metadata: { name: "rc" },
    spec: { selector: { a: "/tmp/a" }, template: {} },
  });
  expect(answer.code).toBe(422);
  expect(answer.body.message).toContain("`selector` does not match template `labels`");
});

it("a daemon set's template generation is a number", async () => {
  const annotations = { "deprecated.daemonset.template.generation": "http" };
  const body = { ...daemonSet, metadata: { name: "ds", annotations } };
  expect(await send("POST", "/apis/apps/v1/namespaces/fuzz/daemonsets", body)).toMatchObject({
    code: 400,
    body: { message: expect.stringContaining('strconv.ParseInt: parsing "http": invalid syntax') },
  });
});

describe("names of what all objects inherit", () => {
  it("are no amounts of a limit range", async () => {
    const limits = [{ min: { valueOf: "1" }, maxLimitRequestRatio: { cpu: "10" } }];
    const body = { metadata: { name: "lr" }, spec: { limits } };
    expect((await send("POST", "/api/v1/namespaces/fuzz/limitranges", body)).code).toBe(422);
  });

  it("are no requests of a pod", async () => {
    const containers = [{ name: "c", image: "i", resources: { requests: { toString: "1" } } }];
    const spec = { containers, resources: { requests: { cpu: "1" } } };
    const answer = await send("POST", "/api/v1/namespaces/fuzz/pods", { metadata: { name: "p" }, spec });
    expect(answer.code).toBe(422);
  });

  it("are no members that a patch can read", async () => {
    const url = "/api/v1/namespaces/fuzz/configmaps";
    await send("POST", url, { metadata: { name: "inherits" } });
    const patch = [{ op: "copy", from: "/metadata/toString", path: "/metadata/labels" }];
    const answer = await send("PATCH", `${url}/inherits`, patch, "application/json-patch+json");
    expect(answer.body.metadata.labels).toBeUndefined();
  });
});

it("an apply to a pod's ephemeral containers that names none can come again", async () => {
  const url = "/api/v1/namespaces/fuzz/pods";
  const spec = { containers: [{ name: "c", image: "i" }] };
  await send("POST", url, { metadata: { name: "debugged" }, spec });
  for (let i = 0; i < 2; i++) {
    const body = { apiVersion: "v1", kind: "Pod" };
    const path = `${url}/debugged/ephemeralcontainers?fieldManager=a`;
    expect((await send("PATCH", path, body, "application/apply-patch+yaml")).code).toBe(200);
  }
});

it("a second delete goes on with what the first one asked for", async () => {
  const url = "/api/v1/namespaces/fuzz/replicationcontrollers";
  const template = { metadata: { labels: { app: "rc" } }, spec: { containers: [{ name: "c", image: "nginx" }] } };
  await send("POST", url, { metadata: { name: "twice" }, spec: { template } });
  await send("DELETE", `${url}/twice?propagationPolicy=Foreground`);
  const { body } = await send("DELETE", `${url}/twice`);
  expect(body.metadata.finalizers).toEqual(["foregroundDeletion"]);
});

it("an autoscaler made as v1 has no number of replicas that nobody counted", async () => {
  const spec = { maxReplicas: 5, scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: "d" } };
  await send("POST", "/apis/autoscaling/v1/namespaces/fuzz/horizontalpodautoscalers", {
    metadata: { name: "h" },
    spec,
  });
  const { body } = await send("GET", "/apis/autoscaling/v2/namespaces/fuzz/horizontalpodautoscalers/h");
  expect(body.status).toEqual({ desiredReplicas: 0, currentMetrics: null });
});

it("a custom resource definition that waits for its finalizer can be updated", async () => {
  const url = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
  const schema = { openAPIV3Schema: { type: "object" } };
  await send("POST", url, {
    metadata: { name: "widgets.example.org", finalizers: ["customresourcecleanup.apiextensions.k8s.io"] },
    spec: {
      group: "example.org",
      scope: "Namespaced",
      names: { plural: "widgets", kind: "Widget" },
      versions: [{ name: "v1", served: true, storage: true, schema }],
    },
  });
  const { body } = await send("DELETE", `${url}/widgets.example.org`);
  expect(body.metadata.deletionTimestamp).toBeDefined();
  expect((await send("PUT", `${url}/widgets.example.org`, body)).code).toBe(200);
});

describe("a number that is too large to be kept", () => {
  const schema = (minimum: string) =>
    `{"spec":{"versions":[{"name":"v1","served":true,"storage":true,"schema":{"openAPIV3Schema":{"type":"object","properties":{"n":{"type":"integer","minimum":${minimum}}}}}}]}}`;

  it.each(["application/merge-patch+json", "application/apply-patch+yaml"])("is refused in %s", async (type) => {
    const answer = await target.send({
      method: "PATCH",
      url: "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/widgets.x.example.org?fieldManager=fuzz",
      headers: { "content-type": type },
      body: Buffer.from(schema("-1e400")),
    });
    expect(target.takeErrors()).toEqual([]);
    expect(answer.code).toBe(400);
  });
});
