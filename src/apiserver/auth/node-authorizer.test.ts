import { beforeEach, describe, expect, it } from "vitest";
import type { KubeObject } from "../../api/meta/index.ts";
import { testHost } from "../../host/index.ts";
import { createMemoryStore, type Store } from "../../store/index.ts";
import type { UserInfo } from "../request.ts";
import type { Decision } from "./authorizer.ts";
import { NodeAuthorizer } from "./node-authorizer.ts";

const n1: UserInfo = { name: "system:node:n1", groups: ["system:nodes", "system:authenticated"] };
const n2: UserInfo = { name: "system:node:n2", groups: ["system:nodes", "system:authenticated"] };
const none = { allowed: false };

let store: Store;
let nodes: NodeAuthorizer;
beforeEach(() => {
  const host = testHost();
  store = createMemoryStore(host);
  nodes = new NodeAuthorizer(store, host);
});

/** `what` is `resource[.group][/subresource]`. */
function ask(user: UserInfo, verb: string, what: string, namespace = "", name = "", fieldSelector?: string): Decision {
  const [full = "", subresource] = what.split("/");
  const [resource = "", ...group] = full.split(".");
  const target = { group: group.join("."), version: "v1", resource, subresource, namespace, name };
  return nodes.authorize({ kind: "resource", user, verb, ...target, fieldSelector });
}

async function put(key: string, object: object): Promise<void> {
  await store.commit({ compare: [], operations: [{ type: "put", key, object: object as KubeObject }] });
}

const pod = (name: string, node: string, spec: object = {}, more: object = {}, annotations?: Record<string, string>) =>
  put(`/registry/pods/a/${name}`, {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, namespace: "a", uid: `uid-${name}`, annotations },
    spec: { nodeName: node, containers: [], serviceAccountName: "robot", ...spec },
    ...more,
  });

const unrelated = { allowed: false, reason: "no relationship found between node 'n1' and this object" };

describe("the node authorizer", () => {
  it("has no opinion on others", () => {
    expect(ask({ name: "system:node:n1", groups: [] }, "get", "nodes", "", "n1")).toEqual(none);
    expect(ask({ name: "alice", groups: ["system:nodes"] }, "get", "nodes", "", "n1")).toEqual(none);
  });

  it("lets a node read the secrets and config maps that its pods name, and no others", async () => {
    const env = [
      { name: "A", valueFrom: { secretKeyRef: { name: "env", key: "k" } } },
      { name: "B", valueFrom: { configMapKeyRef: { name: "env", key: "k" } } },
    ];
    const projected = { sources: [{ secret: { name: "projected" } }, { configMap: { name: "projected" } }] };
    await pod("p", "n1", {
      imagePullSecrets: [{ name: "pull" }],
      initContainers: [{ name: "i", envFrom: [{ secretRef: { name: "from" } }, { configMapRef: { name: "from" } }] }],
      containers: [{ name: "c", env }],
      volumes: [
        { name: "s", secret: { secretName: "mounted" } },
        { name: "m", configMap: { name: "mounted" } },
        { name: "both", projected },
        { name: "csi", csi: { driver: "d", nodePublishSecretRef: { name: "publish" } } },
      ],
    });
    await nodes.follow();
    for (const name of ["env", "pull", "from", "mounted", "projected", "publish"]) {
      expect(ask(n1, "get", "secrets", "a", name), name).toEqual({ allowed: true });
    }
    for (const name of ["env", "from", "mounted", "projected"]) {
      for (const verb of ["get", "list", "watch"]) expect(ask(n1, verb, "configmaps", "a", name).allowed).toBe(true);
    }
    expect(ask(n1, "get", "secrets", "a", "other")).toEqual(unrelated);
    expect(ask(n1, "get", "secrets", "b", "env")).toEqual(unrelated);
    expect(ask(n2, "get", "secrets", "a", "env").allowed).toBe(false);
    expect(ask(n1, "list", "secrets", "a").reason).toBe("No Object name found");
    expect(ask(n1, "list", "secrets").reason).toBe("can only read namespaced object of this type");
    expect(ask(n1, "update", "secrets", "a", "env").reason).toBe("can only read resources of this type");
  });

  it("takes the right away again with the last pod that gave it", async () => {
    const volumes = [{ name: "s", secret: { secretName: "x" } }];
    await pod("p", "n1", { volumes });
    await pod("q", "n1", { volumes });
    await nodes.follow();
    await store.commit({ compare: [], operations: [{ type: "delete", key: "/registry/pods/a/p" }] });
    expect(ask(n1, "get", "secrets", "a", "x").allowed).toBe(true);
    await store.commit({ compare: [], operations: [{ type: "delete", key: "/registry/pods/a/q" }] });
    expect(ask(n1, "get", "secrets", "a", "x")).toEqual(unrelated);
  });

  it("follows what a bound pod comes to refer to: ephemeral containers, claims made for it", async () => {
    await pod("p", "n1");
    await nodes.follow();
    const ephemeralContainers = [{ name: "debug", envFrom: [{ secretRef: { name: "late" } }] }];
    await pod("p", "n1", { ephemeralContainers });
    expect(ask(n1, "get", "secrets", "a", "late").allowed).toBe(true);
    const resourceClaims = [{ name: "gpu", resourceClaimTemplateName: "t" }];
    const resourceClaimStatuses = [{ name: "gpu", resourceClaimName: "p-gpu-x" }];
    await pod("p", "n1", { resourceClaims }, { status: { resourceClaimStatuses } });
    expect(ask(n1, "get", "resourceclaims.resource.k8s.io", "a", "p-gpu-x").allowed).toBe(true);
    expect(ask(n1, "get", "resourceclaims.resource.k8s.io", "a", "other")).toEqual(unrelated);
  });

  it("gives a mirror pod no rights but to itself", async () => {
    const annotations = { "kubernetes.io/config.mirror": "x" };
    await pod("static", "n1", { volumes: [{ name: "s", secret: { secretName: "x" } }] }, {}, annotations);
    await nodes.follow();
    expect(ask(n1, "get", "secrets", "a", "x")).toEqual(unrelated);
    expect(ask(n1, "get", "pods", "a", "static").allowed).toBe(true);
  });

  it("leads from a pod's claim to its volume and on to the volume's secrets", async () => {
    await pod("p", "n1", { volumes: [{ name: "d", persistentVolumeClaim: { claimName: "data" } }] });
    await pod("e", "n1", { volumes: [{ name: "scratch", ephemeral: {} }] });
    await put("/registry/persistentvolumes/v", {
      metadata: { name: "v" },
      spec: {
        claimRef: { namespace: "a", name: "data" },
        csi: {
          driver: "d",
          volumeHandle: "h",
          nodeStageSecretRef: { namespace: "storage", name: "stage" },
          controllerPublishSecretRef: { namespace: "storage", name: "controller" },
        },
      },
    });
    await nodes.follow();
    expect(ask(n1, "get", "persistentvolumeclaims", "a", "data").allowed).toBe(true);
    expect(ask(n1, "get", "persistentvolumeclaims", "a", "e-scratch").allowed).toBe(true);
    expect(ask(n1, "patch", "persistentvolumeclaims/status", "a", "data").allowed).toBe(true);
    expect(ask(n1, "get", "persistentvolumes", "", "v").allowed).toBe(true);
    expect(ask(n1, "get", "secrets", "storage", "stage").allowed).toBe(true);
    expect(ask(n1, "get", "secrets", "storage", "controller")).toEqual(unrelated);
    expect(ask(n2, "get", "persistentvolumes", "", "v").allowed).toBe(false);
    expect(ask(n1, "list", "persistentvolumes").reason).toBe("can only get individual resources of this type");
    expect(ask(n1, "update", "persistentvolumeclaims", "a", "data").allowed).toBe(false);
  });

  it("makes tokens only for accounts of its own pods", async () => {
    await pod("p", "n1");
    await nodes.follow();
    expect(ask(n1, "create", "serviceaccounts/token", "a", "robot").allowed).toBe(true);
    expect(ask(n1, "get", "serviceaccounts", "a", "robot").allowed).toBe(true);
    expect(ask(n1, "create", "serviceaccounts/token", "a", "admin")).toEqual(unrelated);
    expect(ask(n2, "create", "serviceaccounts/token", "a", "robot").allowed).toBe(false);
    expect(ask(n1, "create", "serviceaccounts", "a", "x").reason).toBe(
      "can only create token subresource of serviceaccount",
    );
  });

  it("reads its own pods, and lists them only by its own name", async () => {
    await pod("p", "n1");
    await nodes.follow();
    expect(ask(n1, "get", "pods", "a", "p").allowed).toBe(true);
    expect(ask(n2, "get", "pods", "a", "p").allowed).toBe(false);
    expect(ask(n1, "watch", "pods", "", "", "spec.nodeName=n1").allowed).toBe(true);
    const all = "can only list/watch pods with spec.nodeName field selector";
    expect(ask(n1, "list", "pods", "", "", "spec.nodeName=n2").reason).toBe(all);
    expect(ask(n1, "list", "pods").reason).toBe(all);
    expect(ask(n1, "patch", "pods/status", "a", "p").allowed).toBe(true);
    expect(ask(n1, "update", "pods", "a", "p")).toEqual(none);
    expect(ask(n1, "create", "pods/exec", "a", "p")).toEqual(none);
  });

  it("reads itself and no other node", () => {
    expect(ask(n1, "get", "nodes", "", "n1").allowed).toBe(true);
    expect(ask(n1, "get", "nodes", "", "n2").reason).toBe("node 'n1' cannot read 'n2', only its own Node object");
    expect(ask(n1, "list", "nodes").reason).toBe("node 'n1' cannot read all nodes, only its own Node object");
    expect(ask(n1, "patch", "nodes/status", "", "n1").allowed).toBe(true);
    expect(ask(n1, "delete", "nodes", "", "n1")).toEqual(none);
  });

  it("has slices, attachments and certificate requests that name it", async () => {
    await put("/registry/resourceslices/s", { metadata: { name: "s" }, spec: { nodeName: "n1" } });
    await put("/registry/volumeattachments/v", { metadata: { name: "v" }, spec: { nodeName: "n1" } });
    await put("/registry/podcertificaterequests/a/r", { metadata: { name: "r" }, spec: { nodeName: "n1" } });
    await nodes.follow();
    expect(ask(n1, "delete", "resourceslices.resource.k8s.io", "", "s").allowed).toBe(true);
    expect(ask(n2, "delete", "resourceslices.resource.k8s.io", "", "s").allowed).toBe(false);
    expect(ask(n1, "list", "resourceslices.resource.k8s.io", "", "", "spec.nodeName=n1").allowed).toBe(true);
    expect(ask(n1, "list", "resourceslices.resource.k8s.io").reason).toBe(
      "can only list/watch/deletecollection resourceslices with nodeName field selector",
    );
    expect(ask(n1, "get", "volumeattachments.storage.k8s.io", "", "v").allowed).toBe(true);
    expect(ask(n2, "get", "volumeattachments.storage.k8s.io", "", "v").allowed).toBe(false);
    expect(ask(n1, "get", "podcertificaterequests.certificates.k8s.io", "a", "r").allowed).toBe(true);
    expect(ask(n2, "get", "podcertificaterequests.certificates.k8s.io", "a", "r").allowed).toBe(false);
  });

  it("has its own lease and CSI node", () => {
    const leases = "leases.coordination.k8s.io";
    expect(ask(n1, "update", leases, "kube-node-lease", "n1").allowed).toBe(true);
    expect(ask(n1, "update", leases, "kube-node-lease", "n2").reason).toBe(
      "can only access node lease with the same name as the requesting node",
    );
    expect(ask(n1, "update", leases, "a", "n1").reason).toBe(
      'can only access leases in the "kube-node-lease" system namespace',
    );
    expect(ask(n1, "list", leases, "kube-node-lease").reason).toBe(
      "can only get, create, update, patch, or delete a node lease",
    );
    expect(ask(n1, "get", "csinodes.storage.k8s.io", "", "n2").reason).toBe(
      "can only access CSINode with the same name as the requesting node",
    );
  });

  it("does alike for all nodes what their common rules say", () => {
    expect(ask(n1, "watch", "services").allowed).toBe(true);
    expect(ask(n1, "create", "subjectaccessreviews.authorization.k8s.io").allowed).toBe(true);
    expect(ask(n1, "delete", "services", "a", "x")).toEqual(none);
  });
});
