import { describe, expect, it } from "vitest";
import { builtinKinds, createKindRegistry } from "../../api/kinds/index.ts";
import type { KubeObject } from "../../api/meta/index.ts";
import { StoreError } from "../store.ts";
import { KeySpace } from "./key-space.ts";
import { decodeOwnVersion, decodeValue, encodeValue, isProtobuf } from "./value-codec.ts";
import valuesOf120 from "./values-of-1.20.json" with { type: "json" };

const protobuf = "application/vnd.kubernetes.protobuf";
const configMap: KubeObject & { data: object } = {
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name: "a", namespace: "default", uid: "u", resourceVersion: "7", labels: { a: "b" } },
  data: { key: "value" },
};

describe("values", () => {
  it("are protobuf for built-in kinds and come back with the revision of their key", () => {
    const value = encodeValue(configMap, protobuf);
    expect(value.subarray(0, 4).toString()).toBe("k8s\0");
    expect(value.includes("resourceVersion")).toBe(false);
    const back = decodeValue("/registry/configmaps/default/a", value, 9);
    expect(back).toEqual({
      ...configMap,
      metadata: { ...configMap.metadata, resourceVersion: "9" },
    });
  });

  it("have what a message has no place for and what defaults would fill in", () => {
    const set = {
      apiVersion: "apps/v1",
      kind: "StatefulSet",
      metadata: { name: "s" },
      spec: { volumeClaimTemplates: [{ metadata: { name: "data" }, spec: {} }] },
    };
    const back = decodeValue("/registry/statefulsets/default/s", encodeValue(set, protobuf), 1);
    expect(back).toMatchObject({
      spec: { replicas: 1, volumeClaimTemplates: [{ apiVersion: "v1", kind: "PersistentVolumeClaim" }] },
    });
  });

  it("are JSON for custom resources, and for all kinds when asked for", () => {
    const custom = { apiVersion: "example.com/v1", kind: "Widget", metadata: { name: "w" }, spec: { size: 3 } };
    expect(isProtobuf(encodeValue(custom, protobuf))).toBe(false);
    expect(decodeValue("k", encodeValue(custom, protobuf), 4)).toEqual({
      ...custom,
      metadata: { name: "w", resourceVersion: "4" },
    });
    expect(JSON.parse(encodeValue(configMap, "application/json").toString())).toMatchObject({ data: { key: "value" } });
  });

  it("that an older server wrote are read in the version of today", () => {
    const cron = {
      apiVersion: "batch/v1beta1",
      kind: "CronJob",
      metadata: { name: "c", namespace: "default" },
      spec: { schedule: "* * * * *", jobTemplate: { spec: { template: { spec: { containers: [{ name: "c" }] } } } } },
    };
    for (const mediaType of [protobuf, "application/json"] as const) {
      const value = encodeValue(cron as unknown as KubeObject, mediaType);
      expect(decodeValue("/registry/cronjobs/default/c", value, 3), mediaType).toMatchObject({
        apiVersion: "batch/v1",
        kind: "CronJob",
        metadata: { name: "c", resourceVersion: "3" },
        spec: {
          concurrencyPolicy: "Allow",
          jobTemplate: { spec: { template: { spec: { restartPolicy: "Always" } } } },
        },
      });
      expect(decodeOwnVersion("/registry/cronjobs/default/c", value, 3).apiVersion).toBe("batch/v1beta1");
    }
    const service = { apiVersion: "apiregistration.k8s.io/v1beta1", kind: "APIService", metadata: { name: "v1.apps" } };
    const value = Buffer.from(JSON.stringify({ ...service, spec: { group: "apps", version: "v1" } }));
    expect(decodeValue("k", value, 1)).toMatchObject({
      apiVersion: "apiregistration.k8s.io/v1",
      spec: { group: "apps" },
    });
  });

  it.each([
    ["apiextensions.k8s.io/customresourcedefinitions/widgets.example.com", "apiextensions.k8s.io/v1"],
    ["apiregistration.k8s.io/apiservices/v1.apps", "apiregistration.k8s.io/v1"],
    ["cronjobs/default/cj", "batch/v1"],
    ["deployments/default/web", "apps/v1"],
    ["endpointslices/default/es", "discovery.k8s.io/v1"],
    ["example.com/widgets/default/w1", "example.com/v1"],
    ["flowschemas/system-leader-election", "flowcontrol.apiserver.k8s.io/v1"],
    ["horizontalpodautoscalers/default/hpa", "autoscaling/v2"],
    ["ingress/default/ing", "networking.k8s.io/v1"],
    ["poddisruptionbudgets/default/pdb", "policy/v1"],
    ["priorityclasses/system-node-critical", "scheduling.k8s.io/v1"],
    ["prioritylevelconfigurations/system", "flowcontrol.apiserver.k8s.io/v1"],
    ["roles/default/r", "rbac.authorization.k8s.io/v1"],
    ["services/specs/default/web", "v1"],
  ])("that kube-apiserver 1.20 wrote at %s are valid objects of %s", (key, apiVersion) => {
    const written = (valuesOf120 as Readonly<Record<string, string>>)[`/registry/${key}`] ?? "";
    const object = decodeValue(key, Buffer.from(written, "base64"), 7);
    expect(object).toMatchObject({ apiVersion, metadata: { resourceVersion: "7" } });
    const kind = createKindRegistry(builtinKinds()).byApiVersionKind(apiVersion, object.kind);
    expect(kind === undefined).toBe(apiVersion === "example.com/v1");
    expect(kind?.strategy.validateUpdate?.(object, object) ?? kind?.strategy.validate?.(object) ?? []).toEqual([]);
  });

  it("in JSON that lack what an object of their kind has do not end the reading", () => {
    for (const kind of ["apps/v1 Deployment", "batch/v1 CronJob", "v1 Service", "networking.k8s.io/v1beta1 Ingress"]) {
      const [apiVersion, name] = kind.split(" ");
      const value = Buffer.from(JSON.stringify({ apiVersion, kind: name, metadata: { name: "x" } }));
      expect(decodeValue("k", value, 1).kind, kind).toBe(name);
    }
  });

  it("that are no objects of Kubernetes are refused by name", () => {
    for (const text of ["hello", "[]", "{}", "k8s\0junk", '{"apiVersion":"v1","kind":"Pod","metadata":3}']) {
      expect(() => decodeValue("/registry/pods/x", Buffer.from(text), 1), text).toThrow(StoreError);
    }
  });
});

describe("keys", () => {
  it("are moved under the prefix of etcd and back", () => {
    const keys = new KeySpace("/tenant", "/registry");
    expect(keys.toEtcd("/registry/pods/a/b").toString()).toBe("/tenant/pods/a/b");
    expect(keys.fromEtcd(Buffer.from("/tenant/pods/a/b"))).toBe("/registry/pods/a/b");
    expect(keys.fromEtcd(Buffer.from("/tenants/pods"))).toBeUndefined();
    expect(keys.fromEtcd(Buffer.from("compact_rev_key"))).toBeUndefined();
    expect(keys.rangeOf("/registry/pods/").rangeEnd.toString()).toBe("/tenant/pods0");
  });
});
