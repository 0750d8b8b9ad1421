import { expect, test } from "vitest";
import { type Descriptor, serviceDefinition } from "../../../grpc/index.ts";
import type { Message } from "./connection.ts";
import { descriptor } from "./generated/descriptor.ts";
import { knownItems } from "./known-items.ts";

const { ListContainers } = serviceDefinition(JSON.parse(descriptor) as Descriptor, "runtime.v1.RuntimeService", {
  int64: "text",
});
const container = (id: string, state = "CONTAINER_RUNNING", annotation = "x"): object => ({
  id,
  state,
  labels: { "io.kubernetes.pod.uid": `uid-of-${id}` },
  annotations: { long: annotation },
});
const bytesOf = (...containers: object[]): Buffer =>
  ListContainers?.responseSerialize({ containers }) ?? Buffer.alloc(0);

function counted() {
  let decoded = 0;
  const decode = (bytes: Buffer) => {
    const message = ListContainers?.responseDeserialize(bytes) as Message;
    decoded += message.containers.length;
    return message;
  };
  return { list: knownItems(decode, "containers"), plain: decode, decoded: () => decoded };
}

test("only items that changed since the last list are decoded, whatever their order", () => {
  const { list, plain, decoded } = counted();
  const first = bytesOf(container("a"), container("b"), container("c", "CONTAINER_RUNNING", "y".repeat(20_000)));
  expect(list(first)).toEqual(plain(first));
  const before = decoded();
  const next = bytesOf(
    container("c", "CONTAINER_RUNNING", "y".repeat(20_000)),
    container("b", "CONTAINER_EXITED"),
    container("a"),
  );
  const got = list(next);
  expect(decoded() - before).toBe(1);
  expect(got).toEqual(plain(next));
});

test("a list of some does not make the others forgotten", () => {
  const { list, decoded } = counted();
  const all = bytesOf(...["a", "b", "c"].map((id) => container(id)));
  list(all);
  list(bytesOf(container("b")));
  const before = decoded();
  list(all);
  expect(decoded()).toBe(before);
});

test("an empty list, and bytes that are no such list, are left to the decoder", () => {
  const { list, plain } = counted();
  expect(list(Buffer.alloc(0))).toEqual({ containers: [] });
  const strange = Buffer.concat([bytesOf(container("a")), Buffer.from([0x10, 1])]);
  expect(list(strange)).toEqual(plain(strange));
  expect(() => list(bytesOf(container("a")).subarray(0, -1))).toThrow();
});
