import { describe, expect, it } from "vitest";
import { deepFreeze, type KubeObject } from "../meta/index.ts";
import { builtinKinds } from "./builtin.ts";
import { createKindRegistry } from "./registry.ts";

const registry = createKindRegistry(builtinKinds());

function strategyOf(group: string, resource: string) {
  const kind = registry.preferred(group, resource);
  if (!kind) throw new Error(`${resource} is built in`);
  return kind.strategy;
}

function jobs(fields: object): KubeObject {
  return { apiVersion: "batch/v1", kind: "Job", metadata: { name: "j" }, ...fields };
}

describe("the generic strategy of kinds with a status", () => {
  const old = deepFreeze(jobs({ spec: { parallelism: 1 }, status: { active: 1 } }));

  it("leaves status out of creates", () => {
    const draft = jobs({ spec: { template: {} }, status: { active: 7 } });
    strategyOf("batch", "jobs").prepareForCreate?.(draft);
    expect((draft as { status?: unknown }).status).toEqual({});
  });

  it("leaves status alone when the whole is updated", () => {
    const draft = jobs({ spec: { parallelism: 2 }, status: { active: 7 } });
    strategyOf("batch", "jobs").prepareForUpdate?.(draft, old);
    expect(draft).toMatchObject({ spec: { parallelism: 2 }, status: { active: 1 } });
  });

  it("leaves all but status and metadata alone when status is updated", () => {
    const draft = jobs({
      metadata: { name: "j", labels: { a: "b" } },
      spec: { parallelism: 2 },
      status: { active: 7 },
    });
    strategyOf("batch", "jobs").updates?.status?.prepareForUpdate(draft, old);
    expect(draft).toMatchObject({
      metadata: { labels: { a: "b" } },
      spec: { parallelism: 1 },
      status: { active: 7 },
    });
  });

  it("keeps the status that a node registers with", () => {
    const node = { apiVersion: "v1", kind: "Node", metadata: { name: "n" }, spec: {}, status: { phase: "x" } };
    strategyOf("", "nodes").prepareForCreate?.(node);
    expect(node.status).toEqual({ phase: "x" });
  });

  it("lets services take labels through status, and deployments not", () => {
    const labels = { through: "status" };
    const service = { apiVersion: "v1", kind: "Service", metadata: { name: "s", labels }, spec: {} };
    const deployment = { apiVersion: "apps/v1", kind: "Deployment", metadata: { name: "d", labels }, spec: {} };
    const without = (object: KubeObject) => deepFreeze({ ...object, metadata: { name: "x" } });
    strategyOf("", "services").updates?.status?.prepareForUpdate(service, without(service));
    strategyOf("apps", "deployments").updates?.status?.prepareForUpdate(deployment, without(deployment));
    expect(service.metadata.labels).toEqual(labels);
    expect(deployment.metadata.labels).toBeUndefined();
  });
});
