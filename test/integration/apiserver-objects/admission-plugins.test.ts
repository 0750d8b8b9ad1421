import { describe, expect, it } from "vitest";
import { builtinKinds, createKindRegistry } from "../../../src/api/kinds/index.ts";
import type { JsonValue } from "../../../src/api/meta/index.ts";
import {
  createAdmissionChain,
  createAdmissionPlugins,
  type PluginChoice,
} from "../../../src/apiserver/admission/index.ts";
import { serviceCompanions } from "../../../src/apiserver/allocation/index.ts";
import { bootstrapCluster } from "../../../src/apiserver/bootstrap/index.ts";
import { testHost } from "../../../src/host/index.ts";
import { createMemoryStore } from "../../../src/store/index.ts";
import { type AnyObject, startMs, type TestServer, testServer } from "./server.ts";

type Json = { [key: string]: JsonValue };

interface Setting extends PluginChoice {
  readonly configurations?: Record<string, unknown>;
  /** Whether the authorizer allows what plugins ask. */
  readonly allowed?: boolean;
}

async function serverWith({ configurations = {}, allowed = true, ...choice }: Setting): Promise<TestServer> {
  const host = testHost({ start: startMs });
  const store = createMemoryStore(host);
  const kinds = createKindRegistry(builtinKinds());
  const plugins = createAdmissionPlugins(
    {
      host,
      store,
      kinds,
      authorizer: { authorize: () => ({ allowed }) },
      createNamespace: async (name) => {
        await server.object({ verb: "create", resource: "namespaces", body: { metadata: { name } } });
      },
      configurations: new Map(Object.entries(configurations)),
    },
    choice,
  );
  const companions = serviceCompanions({ host, store, kinds });
  const tokens = { audiences: [], issue: () => ({ token: "t", expirationTimestamp: "2026-06-01T01:00:00Z" }) };
  const server = testServer({ host, store, kinds, admission: createAdmissionChain(plugins), companions, tokens });
  await bootstrapCluster({ host, handler: server.handler });
  await create(server, "serviceaccounts", { metadata: { name: "default" } });
  return server;
}

function create(server: TestServer, resource: string, body: Json, group = ""): Promise<AnyObject> {
  return server.object({ verb: "create", group, resource, namespace: "default", body });
}

function mergePatch(server: TestServer, resource: string, name: string, body: Json, subresource?: string) {
  const patchType = "application/merge-patch+json";
  const namespace = resource === "namespaces" || resource === "nodes" ? undefined : "default";
  return server.object({ verb: "patch", resource, namespace, name, subresource, patchType, body });
}

const pod = (spec: Json = {}, container: Json = {}, name = "p"): Json => ({
  metadata: { name },
  spec: { containers: [{ name: "c", image: "i", ...container }], ...spec },
});

describe("admission plugins that are chosen", () => {
  it("AlwaysPullImages has images pulled whatever the pod says", async () => {
    const server = await serverWith({ enable: ["AlwaysPullImages"] });
    const { spec } = await create(server, "pods", pod({}, { imagePullPolicy: "Never" }));
    expect(spec).toMatchObject({ containers: [{ imagePullPolicy: "Always" }] });
  });

  it("AlwaysDeny refuses everything", async () => {
    await expect(serverWith({ enable: ["AlwaysDeny"] })).rejects.toThrow("admission control is denying");
  });

  it("NamespaceAutoProvision makes the namespace", async () => {
    const server = await serverWith({ enable: ["NamespaceAutoProvision"] });
    const body = { metadata: { name: "c" } };
    await server.object({ verb: "create", resource: "configmaps", namespace: "fresh", body });
    expect(await server.object({ verb: "get", resource: "namespaces", name: "fresh" })).toBeTruthy();
  });

  it("LimitPodHardAntiAffinityTopology only lets pods keep others off their node", async () => {
    const server = await serverWith({ enable: ["LimitPodHardAntiAffinityTopology"] });
    const term = { topologyKey: "zone", labelSelector: {} };
    const affinity = { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term] } };
    await expect(create(server, "pods", pod({ affinity }))).rejects.toThrow(
      'pods "p" is forbidden: affinity.PodAntiAffinity.RequiredDuringScheduling has TopologyKey zone but only key kubernetes.io/hostname is allowed',
    );
  });

  it("DenyServiceExternalIPs refuses new external addresses", async () => {
    const server = await serverWith({ enable: ["DenyServiceExternalIPs"] });
    const body = { metadata: { name: "s" }, spec: { ports: [{ port: 80 }], externalIPs: ["192.0.2.1"] } };
    await expect(create(server, "services", body)).rejects.toThrow(
      'services "s" is forbidden: Use of external IPs is denied by admission control',
    );
  });

  it("ExtendedResourceToleration lets pods onto the nodes with their devices", async () => {
    const server = await serverWith({ enable: ["ExtendedResourceToleration"] });
    const resources = { limits: { "example.org/gpu": "1" }, requests: { "example.org/gpu": "1" } };
    const { spec } = await create(server, "pods", pod({}, { resources }));
    expect(spec?.tolerations).toContainEqual({ key: "example.org/gpu", operator: "Exists", effect: "NoSchedule" });
  });

  it("PodNodeSelector joins the namespace's selector", async () => {
    const server = await serverWith({ enable: ["PodNodeSelector"] });
    const annotations = { "scheduler.alpha.kubernetes.io/node-selector": "team=shop" };
    await mergePatch(server, "namespaces", "default", { metadata: { annotations } });
    expect((await create(server, "pods", pod())).spec?.nodeSelector).toEqual({ team: "shop" });
    await expect(create(server, "pods", pod({ nodeSelector: { team: "x" } }, {}, "q"))).rejects.toThrow(
      'pods "q" is forbidden: pod node label selector conflicts with its namespace node label selector',
    );
  });

  it("PodTolerationRestriction holds pods to the namespace's list", async () => {
    const server = await serverWith({ enable: ["PodTolerationRestriction"], disable: ["DefaultTolerationSeconds"] });
    const allowed = JSON.stringify([{ key: "spot", operator: "Exists" }]);
    const annotations = { "scheduler.alpha.kubernetes.io/tolerationsWhitelist": allowed };
    await mergePatch(server, "namespaces", "default", { metadata: { annotations } });
    const spot = { key: "spot", operator: "Exists", effect: "NoSchedule" };
    await create(server, "pods", pod({ tolerations: [spot] }));
    await expect(create(server, "pods", pod({ tolerations: [{ ...spot, key: "x" }] }, {}, "q"))).rejects.toThrow(
      "conflict with its namespace whitelist",
    );
  });

  it("EventRateLimit refuses what is too much, and forgives with time", async () => {
    const limits = [{ type: "Namespace", qps: 1, burst: 2 }];
    const server = await serverWith({ enable: ["EventRateLimit"], configurations: { EventRateLimit: { limits } } });
    const event = (name: string) =>
      create(server, "events", {
        metadata: { name },
        involvedObject: { kind: "Pod", name: "p", namespace: "default" },
        reason: "Tried",
      });
    await event("a");
    await event("b");
    await expect(event("c")).rejects.toMatchObject({
      status: { code: 429, message: "Too many requests: limit reached on type Namespace for key default" },
    });
    await server.host.clock.advance(1000);
    await event("d");
  });

  it("EventRateLimit cannot be had without limits", async () => {
    await expect(serverWith({ enable: ["EventRateLimit"] })).rejects.toThrow("needs a configuration with limits");
  });

  it("NodeRestriction keeps nodes to themselves", async () => {
    const server = await serverWith({ enable: ["NodeRestriction"] });
    const user = { name: "system:node:n1", groups: ["system:nodes", "system:authenticated"] };
    const node = (name: string, labels: Json = {}) =>
      server.object({ verb: "create", resource: "nodes", user, body: { metadata: { name, labels } } });
    await expect(node("n2")).rejects.toThrow('nodes "n2" is forbidden: node "n1" is not allowed to modify node "n2"');
    await expect(node("n1", { "node-restriction.kubernetes.io/tier": "1" })).rejects.toThrow(
      'node "n1" is not allowed to set the following labels: node-restriction.kubernetes.io/tier',
    );
    await node("n1", { "kubernetes.io/hostname": "n1", rack: "7" });
    const body = pod({ nodeName: "n1" });
    await expect(server.object({ verb: "create", resource: "pods", namespace: "default", user, body })).rejects.toThrow(
      'pod does not have "kubernetes.io/config.mirror" annotation, node "n1" can only create mirror pods',
    );
    await create(server, "pods", pod({ nodeName: "other" }));
    const remove = server.request({ verb: "delete", resource: "pods", namespace: "default", name: "p", user });
    await expect(remove).rejects.toThrow('node "n1" can only delete pods with spec.nodeName set to itself');
  });

  it.each<[string, Json]>([
    ["a service account", { serviceAccountName: "robot" }],
    ["secrets", { volumes: [{ name: "v", azureFile: { secretName: "s", shareName: "x" } }] }],
    ["secrets", { imagePullSecrets: [{ name: "s" }] }],
    ["configmaps", { volumes: [{ name: "v", projected: { sources: [{ configMap: { name: "c" } }] } }] }],
    ["persistentvolumeclaims", { volumes: [{ name: "v", persistentVolumeClaim: { claimName: "c" } }] }],
    ["resourceclaims", { resourceClaims: [{ name: "r", resourceClaimName: "x" }] }],
  ])("NodeRestriction lets no mirror pod refer to %s", async (what, spec) => {
    const server = await serverWith({ enable: ["NodeRestriction"], disable: ["ServiceAccount", "PodSecurity"] });
    const user = { name: "system:node:n1", groups: ["system:nodes", "system:authenticated"] };
    const { metadata } = await server.object({
      verb: "create",
      resource: "nodes",
      user,
      body: { metadata: { name: "n1" } },
    });
    const owner = { apiVersion: "v1", kind: "Node", name: "n1", uid: metadata.uid ?? "", controller: true };
    const body = pod({ nodeName: "n1", ...(spec as object) }) as { metadata: object };
    const annotations = { "kubernetes.io/config.mirror": "x" };
    const mirror = {
      ...body,
      metadata: { ...body.metadata, annotations, ownerReferences: [owner] },
    } as unknown as Json;
    await expect(
      server.object({ verb: "create", resource: "pods", namespace: "default", user, body: mirror }),
    ).rejects.toThrow(`node "n1" can not create pods that reference ${what}`);
  });

  it("NodeRestriction gives nodes tokens for the audiences of their pods alone, and those that a role names", async () => {
    const user = { name: "system:node:n1", groups: ["system:nodes", "system:authenticated"] };
    const projected = { sources: [{ serviceAccountToken: { audience: "vault", path: "token" } }] };
    const volumes: Json[] = [
      { name: "t", projected },
      { name: "c", csi: { driver: "csi.example" } },
    ];
    for (const allowed of [false, true]) {
      const server = await serverWith({ enable: ["NodeRestriction"], allowed });
      await server.object({
        verb: "create",
        group: "storage.k8s.io",
        resource: "csidrivers",
        body: { metadata: { name: "csi.example" }, spec: { tokenRequests: [{ audience: "storage" }] } },
      });
      const { metadata } = await create(server, "pods", pod({ nodeName: "n1", volumes }));
      const token = (...audiences: string[]) => {
        const boundObjectRef = { kind: "Pod", apiVersion: "v1", name: "p", uid: metadata.uid ?? "" };
        const body = {
          apiVersion: "authentication.k8s.io/v1",
          kind: "TokenRequest",
          spec: { audiences, boundObjectRef },
        };
        const where = { resource: "serviceaccounts", namespace: "default", name: "default", subresource: "token" };
        return server.object({ verb: "create", ...where, user, body });
      };
      await token("vault");
      await token("storage");
      await expect(token("a", "b")).rejects.toThrow("node may only request 0 or 1 audiences");
      if (allowed) await token("other");
      else
        await expect(token("other")).rejects.toThrow(
          'serviceaccounts "default" is forbidden: audience "other" not found in pod spec volume, system:node:n1 is not authorized to request tokens for this audience',
        );
    }
  });

  it("NodeRestriction lets nodes make and remove their own resource slices only", async () => {
    const server = await serverWith({ enable: ["NodeRestriction"] });
    const user = { name: "system:node:n1", groups: ["system:nodes", "system:authenticated"] };
    const slices = { group: "resource.k8s.io", resource: "resourceslices" };
    const slice = (name: string, nodeName: string): Json => ({
      metadata: { name },
      spec: { driver: "gpu.example", nodeName, pool: { name: nodeName, generation: 1, resourceSliceCount: 1 } },
    });
    await expect(server.object({ verb: "create", ...slices, user, body: slice("b", "n2") })).rejects.toThrow(
      "can only create ResourceSlice with the same NodeName as the requesting node",
    );
    await server.object({ verb: "create", ...slices, user, body: slice("a", "n1") });
    await server.object({ verb: "create", ...slices, body: slice("b", "n2") });
    await expect(server.request({ verb: "delete", ...slices, name: "b", user })).rejects.toThrow(
      "can only delete ResourceSlice with the same NodeName as the requesting node",
    );
    await server.request({ verb: "delete", ...slices, name: "a", user });
  });
});

describe("admission plugins that are on by default", () => {
  it("claims grow only when they are bound and their class allows it", async () => {
    const server = await serverWith({});
    await server.object({
      verb: "create",
      group: "storage.k8s.io",
      resource: "storageclasses",
      body: { metadata: { name: "fixed" }, provisioner: "x" },
    });
    const size = (storage: string): Json => ({ resources: { requests: { storage } } });
    await create(server, "persistentvolumeclaims", {
      metadata: { name: "c" },
      spec: { accessModes: ["ReadWriteOnce"], storageClassName: "fixed", volumeName: "v", ...size("1Gi") },
    });
    await mergePatch(server, "persistentvolumeclaims", "c", { status: { phase: "Bound" } }, "status");
    await expect(mergePatch(server, "persistentvolumeclaims", "c", { spec: size("2Gi") })).rejects.toThrow(
      'persistentvolumeclaims "c" is forbidden: only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize',
    );
  });

  it("a pod on a node carries the node's zone", async () => {
    const server = await serverWith({});
    const labels = { "topology.kubernetes.io/zone": "z1", rack: "7" };
    await server.object({ verb: "create", resource: "nodes", body: { metadata: { name: "n", labels } } });
    const { metadata } = await create(server, "pods", pod({ nodeName: "n" }));
    expect(metadata.labels).toEqual({ "topology.kubernetes.io/zone": "z1" });
  });

  it("who may not approve for a signer approves no request", async () => {
    const server = await serverWith({ allowed: false });
    const group = "certificates.k8s.io";
    const resource = "certificatesigningrequests";
    const { readFileSync } = await import("node:fs");
    const text = readFileSync(new URL("../../e2e/manifests/policy.yaml", import.meta.url), "utf8");
    const request = /request: (\S+)/.exec(text)?.[1] ?? "";
    const spec = { request, signerName: "example.org/people", usages: ["client auth"] };
    const created = await server.object({ verb: "create", group, resource, body: { metadata: { name: "r" }, spec } });
    const condition = { type: "Approved", status: "True", reason: "Fine" };
    const body = { ...created, status: { conditions: [condition] } } as unknown as Json;
    await expect(
      server.object({ verb: "update", group, resource, name: "r", subresource: "approval", body }),
    ).rejects.toThrow('user not permitted to approve requests with signerName "example.org/people"');
  });

  it("a service account may limit its pods to the secrets that it lists", async () => {
    const server = await serverWith({});
    const annotations = { "kubernetes.io/enforce-mountable-secrets": "true" };
    await create(server, "serviceaccounts", { metadata: { name: "strict", annotations }, secrets: [{ name: "mine" }] });
    const env = (name: string): Json => ({
      env: [{ name: "X", valueFrom: { secretKeyRef: { name, key: "k" } } }],
    });
    await create(server, "pods", pod({ serviceAccountName: "strict" }, env("mine")));
    await expect(create(server, "pods", pod({ serviceAccountName: "strict" }, env("other"), "q"))).rejects.toThrow(
      'pods "q" is forbidden: container c with envVar X referencing secret.secretName="other" is not allowed because service account strict does not reference that secret',
    );
  });

  it("limit ranges bound claims, pods and ratios", async () => {
    const server = await serverWith({});
    const limits: Json[] = [
      { type: "PersistentVolumeClaim", max: { storage: "1Gi" }, min: { storage: "1Mi" } },
      { type: "Pod", max: { cpu: "1" } },
      { type: "Container", maxLimitRequestRatio: { memory: "2" } },
    ];
    await create(server, "limitranges", { metadata: { name: "l" }, spec: { limits } });
    const spec = { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "2Gi" } } };
    await expect(create(server, "persistentvolumeclaims", { metadata: { name: "c" }, spec })).rejects.toThrow(
      'persistentvolumeclaims "c" is forbidden: maximum storage usage per PersistentVolumeClaim is 1Gi, but request is 2Gi',
    );
    const resources = { requests: { cpu: "2", memory: "1Gi" }, limits: { cpu: "2", memory: "3Gi" } };
    await expect(create(server, "pods", pod({}, { resources }))).rejects.toThrow(
      'pods "p" is forbidden: [maximum cpu usage per Pod is 1, but limit is 2, memory max limit to request ratio per Container is 2, but provided ratio is 3.000000]',
    );
  });
});

describe("pod security", () => {
  const label = (server: TestServer, labels: Json) =>
    mergePatch(server, "namespaces", "default", { metadata: { labels } });
  const warnings = async (server: TestServer, resource: string, body: Json, group = "") =>
    (await server.request({ verb: "create", group, resource, namespace: "default", body })).warnings;

  it("enforces on pods, and only warns of workloads", async () => {
    const server = await serverWith({});
    const levels = { "pod-security.kubernetes.io/enforce": "baseline", "pod-security.kubernetes.io/warn": "baseline" };
    await label(server, levels);
    await expect(create(server, "pods", pod({ hostNetwork: true }))).rejects.toThrow(
      'pods "p" is forbidden: violates PodSecurity "baseline:latest": host namespaces (hostNetwork=true)',
    );
    const template = { metadata: { labels: { a: "b" } }, spec: pod({ hostPID: true }).spec ?? null };
    const body = { metadata: { name: "d" }, spec: { selector: { matchLabels: { a: "b" } }, template } };
    expect(await warnings(server, "deployments", body, "apps")).toEqual([
      'would violate PodSecurity "baseline:latest": host namespaces (hostPID=true)',
    ]);
  });

  it("follows a pinned version", async () => {
    const server = await serverWith({});
    const sysctls = [{ name: "net.ipv4.tcp_rmem", value: "1" }];
    const enforce = (version: string) =>
      label(server, {
        "pod-security.kubernetes.io/enforce": "baseline",
        "pod-security.kubernetes.io/enforce-version": version,
      });
    await enforce("v1.31");
    await expect(create(server, "pods", pod({ securityContext: { sysctls } }))).rejects.toThrow(
      'violates PodSecurity "baseline:v1.31": forbidden sysctls (net.ipv4.tcp_rmem)',
    );
    await enforce("v1.32");
    await create(server, "pods", pod({ securityContext: { sysctls } }));
  });

  it("tells which pods a stricter level would not let in", async () => {
    const server = await serverWith({});
    await create(server, "pods", pod({ hostNetwork: true }, {}, "a"));
    await create(server, "pods", pod({ hostNetwork: true }, {}, "b"));
    const answer = await server.request({
      verb: "patch",
      resource: "namespaces",
      name: "default",
      patchType: "application/merge-patch+json",
      body: { metadata: { labels: { "pod-security.kubernetes.io/enforce": "baseline" } } },
    });
    expect(answer.warnings).toEqual([
      'existing pods in namespace "default" violate the new PodSecurity enforce level "baseline:latest"',
      "a (and 1 other pod): host namespaces",
    ]);
  });

  it("refuses labels that make no sense", async () => {
    const server = await serverWith({});
    await expect(label(server, { "pod-security.kubernetes.io/enforce": "strict" })).rejects.toThrow(
      'Invalid value: "strict": must be one of privileged, baseline, restricted',
    );
  });

  it("exempts whom the configuration names", async () => {
    const PodSecurity = { defaults: { enforce: "restricted" }, exemptions: { namespaces: ["default"] } };
    const server = await serverWith({ configurations: { PodSecurity } });
    await create(server, "pods", pod());
    await server.object({ verb: "create", resource: "namespaces", body: { metadata: { name: "other" } } });
    const account = { metadata: { name: "default" } };
    await server.object({ verb: "create", resource: "serviceaccounts", namespace: "other", body: account });
    const strict = server.object({ verb: "create", resource: "pods", namespace: "other", body: pod() });
    await expect(strict).rejects.toThrow('violates PodSecurity "restricted:latest"');
  });
});
