import { describe, expect, it } from "vitest";
import type { KubeObject } from "../../meta/index.ts";
import { shapeOf } from "../../schema/index.ts";
import { inStorageVersion } from "./in-storage-version.ts";

function read(object: object): KubeObject {
  return inStorageVersion({ metadata: { name: "a" }, ...object } as KubeObject);
}

describe("objects that an older server stored", () => {
  it.each([
    ["certificates.k8s.io/v1beta1", "CertificateSigningRequest", "certificates.k8s.io/v1"],
    ["node.k8s.io/v1beta1", "RuntimeClass", "node.k8s.io/v1"],
    ["coordination.k8s.io/v1beta1", "Lease", "coordination.k8s.io/v1"],
    ["networking.k8s.io/v1beta1", "IngressClass", "networking.k8s.io/v1"],
    ["storage.k8s.io/v1alpha1", "CSIStorageCapacity", "storage.k8s.io/v1"],
    ["flowcontrol.apiserver.k8s.io/v1beta1", "FlowSchema", "flowcontrol.apiserver.k8s.io/v1"],
  ])("in %s %s are read as %s", (apiVersion, kind, now) => {
    expect(read({ apiVersion, kind, spec: {} }).apiVersion).toBe(now);
    expect(shapeOf(apiVersion, kind), "its protobuf can be read").toBeDefined();
  });

  it("get what the version of today fills in", () => {
    const old = { apiVersion: "v1", kind: "Service", spec: { clusterIP: "10.0.0.1", ports: [{ port: 80 }] } };
    expect(read(old)).toMatchObject({ spec: { internalTrafficPolicy: "Cluster", sessionAffinity: "None" } });
  });

  it("are converted where the stored version is not the newest one that is served", () => {
    const old = {
      apiVersion: "autoscaling/v1",
      kind: "HorizontalPodAutoscaler",
      spec: { scaleTargetRef: { kind: "Deployment", name: "d" }, maxReplicas: 3, targetCPUUtilizationPercentage: 70 },
    };
    expect(read(old)).toMatchObject({
      apiVersion: "autoscaling/v2",
      spec: { metrics: [{ resource: { name: "cpu", target: { averageUtilization: 70 } } }] },
    });
  });

  it("choose no pods by an empty selector of a v1beta1 budget", () => {
    const old = { apiVersion: "policy/v1beta1", kind: "PodDisruptionBudget", spec: { minAvailable: 1, selector: {} } };
    expect(read(old)).toMatchObject({
      apiVersion: "policy/v1",
      spec: {
        minAvailable: 1,
        selector: {
          matchExpressions: [{ key: "pdb.kubernetes.io/deprecated-v1beta1-empty-selector-match", operator: "Exists" }],
        },
      },
    });
    const chosen = { ...old, spec: { minAvailable: 1, selector: { matchLabels: { a: "b" } } } };
    expect(read(chosen)).toMatchObject({ apiVersion: "policy/v1", spec: { selector: { matchLabels: { a: "b" } } } });
  });

  it("have the node and the zone of an endpoint in fields of their own", () => {
    const topology = { "kubernetes.io/hostname": "n1", "topology.kubernetes.io/zone": "z", region: "r" };
    const old = {
      apiVersion: "discovery.k8s.io/v1beta1",
      kind: "EndpointSlice",
      addressType: "IPv4",
      endpoints: [
        { addresses: ["10.0.0.1"], topology },
        { addresses: ["10.0.0.2"], nodeName: "n2", topology },
        { addresses: ["10.0.0.3"] },
      ],
    };
    expect(read(old)).toMatchObject({ apiVersion: "discovery.k8s.io/v1", addressType: "IPv4" });
    expect((read(old) as KubeObject & { endpoints: unknown }).endpoints).toEqual([
      { addresses: ["10.0.0.1"], nodeName: "n1", zone: "z", deprecatedTopology: { region: "r" } },
      {
        addresses: ["10.0.0.2"],
        nodeName: "n2",
        zone: "z",
        deprecatedTopology: { region: "r", "kubernetes.io/hostname": "n1" },
      },
      { addresses: ["10.0.0.3"] },
    ]);
  });

  it("name backends of ingresses as today", () => {
    const old = {
      apiVersion: "networking.k8s.io/v1beta1",
      kind: "Ingress",
      spec: {
        backend: { serviceName: "all", servicePort: 80 },
        rules: [{ host: "h", http: { paths: [{ path: "/", backend: { serviceName: "s", servicePort: "web" } }] } }],
      },
    };
    expect(read(old)).toMatchObject({
      apiVersion: "networking.k8s.io/v1",
      spec: {
        defaultBackend: { service: { name: "all", port: { number: 80 } } },
        rules: [
          {
            host: "h",
            http: {
              paths: [
                {
                  path: "/",
                  pathType: "ImplementationSpecific",
                  backend: { service: { name: "s", port: { name: "web" } } },
                },
              ],
            },
          },
        ],
      },
    });
  });

  it("give priority levels their shares", () => {
    const old = {
      apiVersion: "flowcontrol.apiserver.k8s.io/v1beta1",
      kind: "PriorityLevelConfiguration",
      spec: { type: "Limited", limited: { assuredConcurrencyShares: 7, limitResponse: { type: "Reject" } } },
    };
    expect(read(old)).toMatchObject({
      apiVersion: "flowcontrol.apiserver.k8s.io/v1",
      spec: { limited: { nominalConcurrencyShares: 7, limitResponse: { type: "Reject" } } },
    });
  });

  it("have a schema and columns in every version of a custom resource", () => {
    const schema = { openAPIV3Schema: { type: "object" } };
    const old = {
      apiVersion: "apiextensions.k8s.io/v1beta1",
      kind: "CustomResourceDefinition",
      spec: {
        group: "g.io",
        version: "v1",
        versions: [{ name: "v1", served: true, storage: true }],
        names: { plural: "widgets", kind: "Widget" },
        scope: "Namespaced",
        validation: schema,
        subresources: { status: {} },
        additionalPrinterColumns: [{ name: "Size", type: "integer", JSONPath: ".spec.size" }],
        conversion: { strategy: "Webhook", webhookClientConfig: { url: "https://x" } },
        preserveUnknownFields: false,
      },
    };
    expect(read(old)).toMatchObject({
      apiVersion: "apiextensions.k8s.io/v1",
      spec: {
        versions: [
          {
            name: "v1",
            schema,
            subresources: { status: {} },
            additionalPrinterColumns: [{ name: "Size", type: "integer", jsonPath: ".spec.size" }],
          },
        ],
        conversion: { webhook: { clientConfig: { url: "https://x" }, conversionReviewVersions: ["v1beta1"] } },
        preserveUnknownFields: false,
      },
    });
  });

  it("are what they were when their kind is not built in", () => {
    const custom = {
      apiVersion: "example.com/v1beta1",
      kind: "Ingress",
      metadata: { name: "a" },
      spec: { backend: 1 },
    };
    expect(read(custom)).toEqual(custom);
    const odd = { apiVersion: "example.com/v1", kind: "constructor", metadata: { name: "a" } };
    expect(read(odd)).toEqual(odd);
  });
});
