import { expect, test } from "vitest";
import { serviceDefinition } from "../../grpc/index.ts";
import { etcdDescriptor, etcdServices } from "./etcd-api.ts";

test("every service of etcd's API has its methods with their paths", () => {
  const paths = etcdServices.flatMap((service) =>
    Object.values(serviceDefinition(etcdDescriptor(), `etcdserverpb.${service}`, { int64: "number" })).map(
      ({ path }) => path,
    ),
  );
  expect(paths).toHaveLength(5 + 1 + 5 + 5 + 8 + 17);
  expect(paths).toContain("/etcdserverpb.KV/Compact");
  expect(paths).toContain("/etcdserverpb.Auth/UserChangePassword");
});

test("a transaction is the bytes that etcd's own client sends", () => {
  const { Txn } = serviceDefinition(etcdDescriptor(), "etcdserverpb.KV", { int64: "number" });
  const request = {
    compare: [{ result: "EQUAL", target: "MOD", key: Buffer.from("a"), modRevision: 7 }],
    success: [{ requestPut: { key: Buffer.from("a"), value: Buffer.from("b"), lease: 5 } }],
    failure: [{ requestRange: { key: Buffer.from("a") } }],
  };
  const bytes = Txn?.requestSerialize(request);
  // compare{target=MOD(2) key="a" mod_revision=7}, success{request_put{key="a" value="b" lease=5}}, failure{request_range{key="a"}}
  expect(bytes?.toString("hex")).toBe("0a09080010021a01613007120a12080a016112016218051a050a030a0161");
});

test("an absent member of a oneof stays absent, a given zero does not", () => {
  const { Txn } = serviceDefinition(etcdDescriptor(), "etcdserverpb.KV", { int64: "number" });
  const request = { compare: [{ target: "MOD", key: Buffer.from("a"), modRevision: 0 }], success: [], failure: [] };
  const bytes = Txn?.requestSerialize(request) ?? Buffer.alloc(0);
  const decoded = Txn?.requestDeserialize(bytes) as unknown as { compare: Record<string, unknown>[] };
  expect(decoded.compare[0]).toMatchObject({ target: "MOD", modRevision: 0 });
  expect(decoded.compare[0]).not.toHaveProperty("version");
});
