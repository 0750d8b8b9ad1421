import { expect, test } from "vitest";
import type { Node } from "../../api/types/index.ts";
import { mirroredHash, mirrorOf, staticPodOf } from "./static-pod.ts";

const text = `
apiVersion: v1
kind: Pod
metadata: {name: web, labels: {app: web}}
spec:
  containers: [{name: c, image: "nginx:1.27"}]
`;
const read = (more = text) => staticPodOf({ path: "/m/web.yaml", text: more }, "node-1", Date.UTC(2026, 0, 1));

test("a manifest becomes a pod of this node, with defaults", async () => {
  const pod = await read();
  const { uid } = pod.metadata;
  expect(uid).toMatch(/^[0-9a-f]{32}$/);
  expect(pod.metadata).toMatchObject({
    name: "web-node-1",
    namespace: "default",
    labels: { app: "web" },
    annotations: {
      "kubernetes.io/config.hash": uid,
      "kubernetes.io/config.seen": "2026-01-01T00:00:00Z",
      "kubernetes.io/config.source": "file",
    },
  });
  expect(pod.spec).toMatchObject({
    nodeName: "node-1",
    restartPolicy: "Always",
    tolerations: [{ operator: "Exists", effect: "NoExecute" }],
    containers: [{ name: "c", imagePullPolicy: "IfNotPresent" }],
  });
});

test("the same manifest is the same pod, a changed one another", async () => {
  const [one, again, other] = await Promise.all([read(), read(), read(text.replace("1.27", "1.28"))]);
  expect(again.metadata.uid).toBe(one.metadata.uid);
  expect(other.metadata.uid).not.toBe(one.metadata.uid);
});

test.each([
  ["no pod", "apiVersion: v1\nkind: Service", "not a pod of version v1, but Service of v1"],
  ["a pod without a name", "apiVersion: v1\nkind: Pod", "the pod has no name"],
  [
    "a pod that is not valid",
    text.replace("name: c", "name: C_"),
    "invalid pod: spec.containers[0].name: Invalid value",
  ],
  ["a pod with an account", `${text}  serviceAccountName: x`, "static pods may not reference serviceaccounts"],
  [
    "a pod with a secret",
    `${text}  volumes: [{name: v, secret: {secretName: s}}]`,
    "static pods may not reference secrets",
  ],
  [
    "a pod whose uid leads out of the pods' folder",
    text.replace("name: web", "name: web, uid: ../../etc"),
    'metadata.uid: Invalid value: "../../etc"',
  ],
  [
    "a pod whose uid is the pods' folder",
    text.replace("name: web", 'name: web, uid: ".."'),
    "metadata.uid: Invalid value",
  ],
  ["a pod whose uid has a NUL", text.replace("name: web", 'name: web, uid: "a\\0b"'), "metadata.uid: Invalid value"],
  [
    "a pod whose uid is longer than a folder's name",
    text.replace("name: web", `name: web, uid: ${"a".repeat(200)}`),
    "metadata.uid: Invalid value",
  ],
  ["a pod whose name leads elsewhere", text.replace("name: web", "name: ../x"), "metadata.name: Invalid value"],
  [
    "a pod whose namespace leads out of the logs' folder",
    text.replace("name: web", "name: web, namespace: ../../x"),
    "metadata.namespace: Invalid value",
  ],
])("%s is refused", async (_, manifest, message) => {
  await expect(read(manifest)).rejects.toThrow(message);
});

test("a manifest may name its uid", async () => {
  const { metadata } = await read(text.replace("name: web", "name: web, uid: 7a1c0a52-6d0e-4e8e-9a3e-0b3c5b1f2d11"));
  expect(metadata.uid).toBe("7a1c0a52-6d0e-4e8e-9a3e-0b3c5b1f2d11");
  expect(metadata.annotations?.["kubernetes.io/config.hash"]).toBe(metadata.uid);
});

test("its mirror belongs to the node and names the pod that it mirrors", async () => {
  const pod = await read();
  const node = { metadata: { name: "node-1", uid: "node-uid" } } as Node;
  const mirror = mirrorOf(pod, node);
  expect(mirror.metadata.uid).toBeUndefined();
  expect(mirroredHash(mirror as never)).toBe(pod.metadata.uid);
  expect(mirror.metadata.ownerReferences).toEqual([
    { apiVersion: "v1", kind: "Node", name: "node-1", uid: "node-uid", controller: true },
  ]);
});
