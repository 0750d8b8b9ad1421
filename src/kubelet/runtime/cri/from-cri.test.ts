import { expect, test } from "vitest";
import { type Descriptor, serviceDefinition } from "../../../grpc/index.ts";
import type { Message } from "./connection.ts";
import { runtimeStatusOf } from "./from-cri.ts";
import { descriptor } from "./generated/descriptor.ts";

const { Status } = serviceDefinition(JSON.parse(descriptor) as Descriptor, "runtime.v1.RuntimeService", {
  int64: "text",
});
const overTheWire = (answer: object): Message =>
  Status?.responseDeserialize(Status.responseSerialize(answer)) as Message;

test("a runtime's handlers and features are told as it tells them", () => {
  const status = runtimeStatusOf(
    overTheWire({
      status: { conditions: [{ type: "RuntimeReady", status: true, reason: "", message: "" }] },
      runtimeHandlers: [
        { name: "", features: { recursiveReadOnlyMounts: true, userNamespaces: true } },
        { name: "kata" },
      ],
      features: { supplementalGroupsPolicy: true },
    }),
  );
  expect(status).toEqual({
    conditions: [{ type: "RuntimeReady", status: true, reason: "", message: "" }],
    handlers: [
      { name: "", recursiveReadOnlyMounts: true, userNamespaces: true },
      { name: "kata", recursiveReadOnlyMounts: false, userNamespaces: false },
    ],
    features: { supplementalGroupsPolicy: true },
  });
});

test("a runtime that tells neither has none", () => {
  expect(runtimeStatusOf(overTheWire({ status: { conditions: [] } }))).toEqual({ conditions: [] });
});
