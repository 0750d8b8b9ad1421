import { expect, test } from "vitest";
import type { Container, Pod } from "../../api/types/index.ts";
import { type EnvironmentInput, environmentOf } from "./environment.ts";

const pod: Pod = {
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: "p", namespace: "ns", uid: "u", labels: { a: "1" } },
  spec: { containers: [], serviceAccountName: "sa", nodeName: "n" },
};

async function variables(container: Omit<Container, "name">, more: Partial<EnvironmentInput> = {}) {
  const made = await environmentOf({
    pod,
    container: { name: "c", ...container },
    podIPs: ["10.0.0.1", "fd00::1"],
    hostIPs: ["192.0.2.1"],
    services: [],
    allocatable: { cpu: "8", memory: "16Gi" },
    references: {
      claim: () => Promise.reject(new Error("none")),
      configMap: async (_, name) => (name === "map" ? ({ data: { k: "v", "x.y": "z" } } as never) : undefined),
      secret: async (_, name) => (name === "hidden" ? ({ data: { k: "c2VjcmV0" } } as never) : undefined),
    },
    readVolumeFile: async (_, path) => (path === "env" ? "A='1'\nB=''\n" : undefined),
    ...more,
  });
  return Object.fromEntries(made.map(({ key, value }) => [key, value]));
}

const from = (valueFrom: object) => variables({ env: [{ name: "X", valueFrom }] });

test("later sources win, and values may name what is known before them", async () => {
  const env = [
    { name: "k", value: "own" },
    { name: "B", value: "$(k)-$(P_x.y)-$(NONE)-$$(k)" },
  ];
  const envFrom = [{ configMapRef: { name: "map" } }, { prefix: "P_", configMapRef: { name: "map" } }];
  expect(await variables({ env, envFrom })).toEqual({
    k: "own",
    "x.y": "z",
    P_k: "v",
    "P_x.y": "z",
    B: "own-z-$(NONE)-$(k)",
  });
});

test("services are told of unless the container has the variable itself, and can be named", async () => {
  const services = [
    { key: "S_HOST", value: "10.0.0.9" },
    { key: "S_PORT", value: "80" },
  ];
  const env = [
    { name: "URL", value: "$(S_HOST):$(S_PORT)" },
    { name: "S_PORT", value: "81" },
  ];
  expect(await variables({ env }, { services })).toEqual({ URL: "10.0.0.9:80", S_PORT: "81", S_HOST: "10.0.0.9" });
});

test.each([
  [{ configMapKeyRef: { name: "map", key: "k" } }, "v"],
  [{ secretKeyRef: { name: "hidden", key: "k" } }, "secret"],
  [{ configMapKeyRef: { name: "map", key: "no", optional: true } }, undefined],
  [{ configMapKeyRef: { name: "no", key: "k", optional: true } }, undefined],
  [{ fieldRef: { fieldPath: "status.podIPs" } }, "10.0.0.1,fd00::1"],
  [{ fieldRef: { fieldPath: "status.hostIP" } }, "192.0.2.1"],
  [{ fieldRef: { fieldPath: "metadata.labels['a']" } }, "1"],
  [{ resourceFieldRef: { resource: "limits.cpu" } }, "8"],
  [{ resourceFieldRef: { resource: "limits.memory", divisor: "1Gi" } }, "16"],
  [{ resourceFieldRef: { resource: "requests.memory" } }, "0"],
  [{ fileKeyRef: { volumeName: "v", path: "env", key: "A" } }, "1"],
  [{ fileKeyRef: { volumeName: "v", path: "none", key: "A", optional: true } }, undefined],
])("%j gives %j", async (source, value) => {
  expect((await from(source)).X).toBe(value);
});

test.each([
  [{ configMapKeyRef: { name: "no", key: "k" } }, 'configmap "no" not found'],
  [{ secretKeyRef: { name: "no", key: "k" } }, 'secret "no" not found'],
  [{ configMapKeyRef: { name: "map", key: "no" } }, "couldn't find key no in ConfigMap ns/map"],
  [{ secretKeyRef: { name: "hidden", key: "no" } }, "couldn't find key no in Secret ns/hidden"],
  [{ fieldRef: { fieldPath: "spec.none" } }, "unsupported fieldPath: spec.none"],
  [
    { fileKeyRef: { volumeName: "v", path: "env", key: "no" } },
    'environment variable key "no" not found in file "env"',
  ],
  [{ fileKeyRef: { volumeName: "v", path: "none", key: "A" } }, 'failed to open environment variable file "none"'],
])("%j is refused", async (source, message) => {
  await expect(from(source)).rejects.toThrow(message);
});
