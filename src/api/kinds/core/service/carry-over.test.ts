import { describe, expect, it } from "vitest";
import { deepFreeze, errorMessage } from "../../../meta/index.ts";
import type { Service, ServiceSpec } from "../../../types/index.ts";
import { serviceStrategy } from "./strategy.ts";

function service(spec: ServiceSpec): Service {
  return { apiVersion: "v1", kind: "Service", metadata: { name: "s" }, spec };
}

function updated(spec: ServiceSpec, old: ServiceSpec): ServiceSpec {
  const draft = service(spec);
  serviceStrategy.applyDefaults?.(draft);
  serviceStrategy.prepareForUpdate?.(draft, deepFreeze(service(old)));
  return draft.spec;
}

function updateErrors(spec: ServiceSpec, old: ServiceSpec): string[] {
  const [draft, before] = [service(structuredClone(spec)), service(structuredClone(old))];
  for (const each of [draft, before]) serviceStrategy.applyDefaults?.(each);
  const errors = serviceStrategy.validateUpdate?.(draft, before) ?? [];
  return errors.map(errorMessage);
}

const allocated: ServiceSpec = {
  type: "NodePort",
  clusterIP: "10.96.0.7",
  clusterIPs: ["10.96.0.7"],
  ipFamilies: ["IPv4"],
  ipFamilyPolicy: "SingleStack",
  externalTrafficPolicy: "Cluster",
  ports: [{ port: 80, protocol: "TCP", targetPort: 80, nodePort: 30080 }],
};

describe("updates of a service", () => {
  it("keep what was allocated when they leave it out", () => {
    const spec = updated({ type: "NodePort", ports: [{ port: 80 }] }, allocated);
    expect(spec).toMatchObject({ clusterIP: "10.96.0.7", clusterIPs: ["10.96.0.7"], ipFamilies: ["IPv4"] });
    expect(spec.ports?.[0]?.nodePort).toBe(30080);
  });

  it("let go of node ports that the new type does not have", () => {
    const spec = updated({ ...structuredClone(allocated), type: "ClusterIP" }, allocated);
    expect(spec.ports?.[0]?.nodePort).toBeUndefined();
    expect(spec.externalTrafficPolicy).toBeUndefined();
    expect(spec.clusterIP).toBe("10.96.0.7");
  });

  it("let go of the address when the service becomes a name", () => {
    const spec = updated(
      { ...structuredClone(allocated), type: "ExternalName", externalName: "example.org" },
      allocated,
    );
    expect(spec.clusterIP).toBeUndefined();
    expect(spec.clusterIPs).toBeUndefined();
    expect(spec.ipFamilies).toBeUndefined();
  });

  it("are refused when they name another address", () => {
    const draft = service({ ...structuredClone(allocated), clusterIP: "10.96.0.9", clusterIPs: ["10.96.0.9"] });
    const fields = serviceStrategy.validateUpdate?.(draft, service(allocated)).map(({ field }) => field);
    expect(fields).toContain("spec.clusterIPs[0]");
  });

  it("are refused when they give an address to a headless service, or take it from another", () => {
    const withAddress: ServiceSpec = {
      type: "ClusterIP",
      clusterIP: "10.96.0.7",
      clusterIPs: ["10.96.0.7"],
      ipFamilies: ["IPv4"],
      ports: [{ port: 80 }],
    };
    const headless: ServiceSpec = { ...structuredClone(withAddress), clusterIP: "None", clusterIPs: ["None"] };
    expect(updateErrors(withAddress, headless)).toEqual([
      'spec.clusterIPs[0]: Invalid value: ["10.96.0.7"]: may not change once set',
    ]);
    expect(updateErrors(headless, withAddress)).toEqual([
      'spec.clusterIPs[0]: Invalid value: ["None"]: may not change once set',
    ]);
    expect(updateErrors({ ...structuredClone(headless), ipFamilies: ["IPv6"] }, headless)).toEqual([]);
  });

  it("are told of an address that is none before anything else is looked at, as it is looked for one first", () => {
    const headless: ServiceSpec = { ...structuredClone(allocated), clusterIP: "None", clusterIPs: ["None"] };
    const draft: ServiceSpec = {
      ...structuredClone(headless),
      clusterIP: "x",
      clusterIPs: ["x"],
      sessionAffinity: "x",
    };
    expect(updateErrors(draft, headless)).toEqual([
      expect.stringMatching(/^spec.clusterIPs\[0\]: .*must be a valid IP address/),
    ]);
  });

  it("release the second address only with SingleStack", () => {
    const dual: ServiceSpec = {
      ...structuredClone(allocated),
      clusterIPs: ["10.96.0.7", "fd00::7"],
      ipFamilies: ["IPv4", "IPv6"],
      ipFamilyPolicy: "PreferDualStack",
    };
    expect(updateErrors(allocated, dual)).toEqual([]);
    expect(updateErrors({ ...structuredClone(allocated), ipFamilyPolicy: "PreferDualStack" }, dual)).toEqual([
      "spec.clusterIPs[0]: Invalid value: [\"10.96.0.7\"]: `ipFamilyPolicy` must be set to 'SingleStack' when releasing the secondary clusterIP",
      "spec.clusterIPs[0]: Invalid value: [\"10.96.0.7\"]: `ipFamilyPolicy` must be set to 'SingleStack' when releasing the secondary ipFamily",
    ]);
  });
});
