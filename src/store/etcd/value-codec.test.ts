import { describe, expect, it } from "vitest";
import type { KubeObject } from "../../api/meta/index.ts";
import { StoreError } from "../store.ts";
import { KeySpace } from "./key-space.ts";
import { decodeValue, encodeValue, isProtobuf } from "./value-codec.ts";

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
