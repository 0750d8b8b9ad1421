import { expect, test } from "vitest";
import type { Pod } from "../../api/types/index.ts";
import type { Client } from "../../client/index.ts";
import { testHost } from "../../host/index.ts";
import { StatusWriter } from "./status-writer.ts";

const pod: Pod = {
  apiVersion: "v1",
  kind: "Pod",
  metadata: { namespace: "default", name: "web", uid: "u1", resourceVersion: "1" },
  spec: { containers: [] },
  status: { phase: "Pending" },
};

/** A lane whose process is busy until it is told that it is quiet, and the statuses that were written. */
function setup(ofPod = pod) {
  const { promise, resolve } = Promise.withResolvers<void>();
  const host = { ...testHost(), background: { turn: () => promise } };
  const written: unknown[] = [];
  const patchStatus = async (_key: unknown, _type: unknown, body: { status: object }) => {
    written.push(body.status);
    return { ...ofPod, metadata: { ...ofPod.metadata, resourceVersion: "2" }, status: body.status };
  };
  const client = { resource: () => ({ patchStatus }) } as unknown as Pick<Client, "resource">;
  return { lane: new StatusWriter(client, host).lane(ofPod), written, host, quiet: resolve };
}

test("a busy process writes only the latest of the statuses that came meanwhile", async () => {
  const { lane, written, host, quiet } = setup();
  lane.want({ phase: "Pending", message: "pulling" });
  lane.want({ phase: "Running" });
  await host.clock.settle();
  expect(written).toEqual([]);
  quiet();
  await lane.settled();
  expect(written).toEqual([{ phase: "Running" }]);
});

test("the status of a pod that is being deleted does not wait for a quiet moment", async () => {
  const deleted = { ...pod, metadata: { ...pod.metadata, deletionTimestamp: "2026-01-01T00:00:00Z" } };
  const { lane, written } = setup(deleted);
  lane.want({ phase: "Failed" });
  await lane.settled();
  expect(written).toEqual([{ phase: "Failed" }]);
});
