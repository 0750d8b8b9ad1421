import { describe, expect, it } from "vitest";
import type { JsonValue } from "../../../src/api/meta/index.ts";
import { fullServer } from "./full-server.ts";
import { type AnyObject, configMap, type TestServer } from "./server.ts";

const pods = { resource: "pods", namespace: "default" } as const;

async function withAccount(): Promise<TestServer> {
  const server = await fullServer();
  const body = { metadata: { name: "default" } };
  await server.object({ verb: "create", resource: "serviceaccounts", namespace: "default", body });
  return server;
}

function createPod(server: TestServer, spec: { [key: string]: JsonValue } = {}, name = "p"): Promise<AnyObject> {
  const body = { metadata: { name }, spec: { containers: [{ name: "c", image: "i" }], ...spec } };
  return server.object({ ...pods, verb: "create", body });
}

describe("what enters the cluster", () => {
  it("needs a namespace that exists", async () => {
    const server = await fullServer();
    const create = server.object({ verb: "create", resource: "configmaps", namespace: "no", body: configMap("a") });
    await expect(create).rejects.toMatchObject({ status: { code: 404, message: 'namespaces "no" not found' } });
  });

  it("a pod needs its service account", async () => {
    const server = await fullServer();
    await expect(createPod(server)).rejects.toThrow(
      'pods "p" is forbidden: error looking up service account default/default: serviceaccount "default" not found',
    );
  });

  it("a pod gets account, token, priority and tolerations", async () => {
    const { spec } = await createPod(await withAccount());
    expect(spec).toMatchObject({
      serviceAccountName: "default",
      priority: 0,
      preemptionPolicy: "PreemptLowerPriority",
      tolerations: [
        { key: "node.kubernetes.io/not-ready", tolerationSeconds: 300 },
        { key: "node.kubernetes.io/unreachable", tolerationSeconds: 300 },
      ],
      containers: [{ volumeMounts: [{ mountPath: "/var/run/secrets/kubernetes.io/serviceaccount" }] }],
    });
  });

  it("a pod may opt out of the token", async () => {
    const { spec } = await createPod(await withAccount(), { automountServiceAccountToken: false });
    expect(spec?.volumes).toBeUndefined();
  });

  it("a pod's priority comes from its class", async () => {
    const server = await withAccount();
    const { spec } = await createPod(server, { priorityClassName: "system-cluster-critical" });
    expect(spec?.priority).toBe(2000000000);
    await expect(createPod(server, { priorityClassName: "no" }, "q")).rejects.toThrow(
      'pods "q" is forbidden: no PriorityClass with name no was found',
    );
  });

  it("a namespace's security level is kept", async () => {
    const server = await withAccount();
    const labels = { "pod-security.kubernetes.io/enforce": "baseline" };
    const patch = { verb: "patch", patchType: "application/merge-patch+json" } as const;
    await server.object({ ...patch, resource: "namespaces", name: "default", body: { metadata: { labels } } });
    await createPod(server, {}, "a");
    await expect(createPod(server, { hostPID: true }, "b")).rejects.toThrow(
      'pods "b" is forbidden: violates PodSecurity "baseline:latest": host namespaces (hostPID=true)',
    );
  });

  it("a new node is tainted until it is ready", async () => {
    const server = await fullServer();
    const { spec } = await server.object({ verb: "create", resource: "nodes", body: { metadata: { name: "n" } } });
    expect(spec?.taints).toEqual([{ key: "node.kubernetes.io/not-ready", effect: "NoSchedule" }]);
  });

  it("limit ranges fill in and refuse", async () => {
    const server = await withAccount();
    const limits = [{ type: "Container", default: { cpu: "1" }, defaultRequest: { cpu: "100m" }, max: { cpu: "2" } }];
    const body = { metadata: { name: "l" }, spec: { limits } };
    await server.object({ verb: "create", resource: "limitranges", namespace: "default", body });
    const { spec } = await createPod(server);
    expect(spec?.containers).toMatchObject([{ resources: { limits: { cpu: "1" }, requests: { cpu: "100m" } } }]);
    const containers = [{ name: "c", image: "i", resources: { limits: { cpu: "3" } } }];
    await expect(createPod(server, { containers }, "q")).rejects.toThrow(
      'pods "q" is forbidden: maximum cpu usage per Container is 2, but limit is 3',
    );
  });

  it("quotas are charged, and refuse when they are used up", async () => {
    const server = await withAccount();
    const quotas = { resource: "resourcequotas", namespace: "default" } as const;
    await server.object({
      ...quotas,
      verb: "create",
      body: { metadata: { name: "q" }, spec: { hard: { pods: "1" } } },
    });
    const body = { status: { hard: { pods: "1" }, used: { pods: "0" } } };
    const patchType = "application/merge-patch+json";
    await server.object({ ...quotas, verb: "patch", name: "q", subresource: "status", patchType, body });
    await createPod(server, {}, "a");
    await expect(createPod(server, {}, "b")).rejects.toThrow(
      'pods "b" is forbidden: exceeded quota: q, requested: pods=1, used: pods=1, limited: pods=1',
    );
  });

  it("claims and ingresses get the default class", async () => {
    const server = await fullServer();
    const mark = { "storageclass.kubernetes.io/is-default-class": "true" };
    const storageClass = { metadata: { name: "fast", annotations: mark }, provisioner: "example.org/x" };
    await server.object({ verb: "create", group: "storage.k8s.io", resource: "storageclasses", body: storageClass });
    const claimSpec = { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } };
    const claim = await server.object({
      verb: "create",
      resource: "persistentvolumeclaims",
      namespace: "default",
      body: { metadata: { name: "c" }, spec: claimSpec },
    });
    expect(claim.spec?.storageClassName).toBe("fast");
    expect(claim.metadata.finalizers).toEqual(["kubernetes.io/pvc-protection"]);
  });
});
