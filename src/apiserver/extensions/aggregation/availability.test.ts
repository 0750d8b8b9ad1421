import { expect, test } from "vitest";
import type { APIService, EndpointSlice, Service } from "../../../api/types/index.ts";
import { objection, passed, withAvailability } from "./availability.ts";

const apiService: APIService = {
  apiVersion: "apiregistration.k8s.io/v1",
  kind: "APIService",
  metadata: { name: "v1.shop.example.org" },
  spec: {
    group: "shop.example.org",
    version: "v1",
    groupPriorityMinimum: 100,
    versionPriority: 100,
    service: { namespace: "shop", name: "api", port: 8443 },
  },
};

function service(spec: Service["spec"]): Service {
  return { apiVersion: "v1", kind: "Service", metadata: { name: "api", namespace: "shop" }, spec };
}

function slice(ready: boolean | undefined, ports: EndpointSlice["ports"]): EndpointSlice {
  const conditions = ready === undefined ? {} : { ready };
  return {
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: { name: "api-1", namespace: "shop" },
    addressType: "IPv4",
    endpoints: [{ addresses: ["10.0.0.1"], conditions }],
    ports,
  };
}

const listening = service({ type: "ClusterIP", ports: [{ name: "https", port: 8443 }] });
const ports = [{ name: "https", port: 6443 }];

test.each<[string, Service | undefined, EndpointSlice[], string | undefined]>([
  ["no service", undefined, [], 'ServiceNotFound: service/api in "shop" is not present'],
  [
    "another port",
    service({ type: "ClusterIP", ports: [{ port: 443 }] }),
    [],
    'ServicePortError: service/api in "shop" is not listening on port 8443',
  ],
  ["no slices", listening, [], 'EndpointsNotFound: cannot find endpointslices for service/api in "shop"'],
  [
    "nothing ready",
    listening,
    [slice(false, ports)],
    'MissingEndpoints: endpointslices for service/api in "shop" have no addresses with port name "https"',
  ],
  [
    "a port of another name",
    listening,
    [slice(true, [{ name: "http", port: 80 }])],
    'MissingEndpoints: endpointslices for service/api in "shop" have no addresses with port name "https"',
  ],
  ["an endpoint whose readiness is not told", listening, [slice(undefined, ports)], undefined],
  ["a ready endpoint in the second slice", listening, [slice(false, ports), slice(true, ports)], undefined],
  ["a service of another kind", service({ type: "ExternalName", externalName: "localhost" }), [], undefined],
])("what speaks against a group version's server: %s", (_, backing, slices, expected) => {
  const told = objection(apiService, backing, slices);
  expect(told && `${told.reason}: ${told.message}`).toBe(expected);
  if (told !== undefined) expect(told.status).toBe("False");
});

test("a condition keeps the time of its last change while only its words change", () => {
  const condition = (status: string, reason: string, lastTransitionTime: string) => ({
    type: "Available",
    status,
    reason,
    message: "",
    lastTransitionTime,
  });
  const now = Date.parse("2026-02-01T00:00:00Z");
  const of = (status: string, reason: string): APIService => ({
    ...apiService,
    status: { conditions: [condition(status, reason, "2026-01-01T00:00:00Z")] },
  });
  const no = { status: "False", reason: "ServiceNotFound", message: "" } as const;
  expect(withAvailability(of("False", "ServiceNotFound"), no, now)).toBeUndefined();
  expect(withAvailability(of("False", "MissingEndpoints"), no, now)).toEqual([
    condition("False", "ServiceNotFound", "2026-01-01T00:00:00Z"),
  ]);
  expect(withAvailability(of("False", "MissingEndpoints"), passed, now)).toEqual([
    { ...condition("True", "Passed", "2026-02-01T00:00:00Z"), message: "all checks passed" },
  ]);
  expect(withAvailability(apiService, no, now)).toEqual([
    condition("False", "ServiceNotFound", "2026-02-01T00:00:00Z"),
  ]);
});
