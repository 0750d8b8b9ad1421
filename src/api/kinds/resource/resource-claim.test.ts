import { describe, expect, it } from "vitest";
import { errorMessage } from "../../meta/index.ts";
import type { resourceV1 } from "../../types/index.ts";
import { resourceClaimStrategy as strategy } from "./resource-claim.ts";

const status = strategy.updates?.status;
const result = { request: "gpu", driver: "gpu.example.org", pool: "n1", device: "d0" };
const consumer = { resource: "pods", name: "p", uid: "u1" };

function claim(part?: resourceV1.ResourceClaimStatus): resourceV1.ResourceClaim {
  const draft: resourceV1.ResourceClaim = {
    apiVersion: "resource.k8s.io/v1",
    kind: "ResourceClaim",
    metadata: { name: "c", namespace: "ns1" },
    spec: { devices: { requests: [{ name: "gpu", exactly: { deviceClassName: "dc" } }] } },
    ...(part && { status: part }),
  };
  strategy.applyDefaults?.(draft);
  return draft;
}

function statusProblems(draft: resourceV1.ResourceClaim, old: resourceV1.ResourceClaim): string[] {
  return (status?.validateUpdate?.(draft, old) ?? []).map(errorMessage);
}

describe("the status of claims", () => {
  it("is reserved only once something is allocated", () => {
    const allocation = { devices: { results: [result] } };
    expect(statusProblems(claim({ allocation, reservedFor: [consumer] }), claim())).toEqual([]);
    expect(statusProblems(claim({ reservedFor: [consumer] }), claim())).toEqual([
      "status.reservedFor: Forbidden: may not be specified when `allocated` is not set",
    ]);
  });

  it("speaks of the claim's own requests, and keeps what is allocated", () => {
    const allocation = { devices: { results: [{ ...result, request: "disk" }] } };
    const detail =
      "must be the name of a request in the claim or the name of a request and a subrequest separated by '/'";
    expect(statusProblems(claim({ allocation }), claim())).toEqual([
      `status.allocation.devices.results[0].request: Invalid value: "disk": ${detail}`,
    ]);
    const before = claim({ allocation: { devices: { results: [result] } } });
    const problems = statusProblems(claim({ allocation }), before);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(/^status\.allocation: Invalid value: .*: field is immutable$/);
  });

  it("forgets devices that the claim has lost", () => {
    const devices = [{ driver: result.driver, pool: result.pool, device: result.device }];
    const before = claim({ allocation: { devices: { results: [result] } }, devices });
    const draft = claim({ devices });
    status?.prepareForUpdate(draft, before);
    expect(draft.status?.devices).toBeUndefined();
  });

  it("is told in one word for each state", () => {
    const stateOf = (draft: resourceV1.ResourceClaim) => strategy.table?.cells(draft, 0)[1];
    expect(stateOf(claim({}))).toBe("pending");
    expect(stateOf(claim({ allocation: {}, reservedFor: [consumer] }))).toBe("allocated,reserved");
  });
});
