import { afterAll, beforeAll, expect, test } from "vitest";
import { eventually } from "../support/eventually.ts";
import { Sandbox } from "../support/sampan.ts";

const box = new Sandbox();
beforeAll(async () => {
  await box.start(["--ephemeral", "--nodes", "2"]);
});
afterAll(() => box.remove());

/** Runs kubectl and expects that it succeeds; gives what it printed, with single spaces. */
async function k(args: string, input?: string): Promise<string> {
  const ran = await box.kubectl(args, { input });
  if (ran.code !== 0) throw new Error(`kubectl ${args} ended with ${ran.code}: ${ran.stderr}${ran.stdout}`);
  return ran.stdout.replace(/ +/g, " ");
}

const database = `
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db}
spec:
  replicas: 2
  serviceName: db
  selector: {matchLabels: {app: db}}
  template:
    metadata: {labels: {app: db}}
    spec:
      terminationGracePeriodSeconds: 1
      containers: [{name: db, image: postgres, volumeMounts: [{name: data, mountPath: /data}]}]
  volumeClaimTemplates:
  - metadata: {name: data}
    spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
`;

test("a stateful set gets volumes of the default class; they stay when it goes, and go with their claims", async () => {
  expect(await k("get sc --no-headers")).toMatch(
    /^standard \(default\) sampan.dev\/simulated Delete WaitForFirstConsumer true /,
  );
  await k("apply -f -", database);
  await k("rollout status statefulset/db --timeout=30s");
  const claims = await k("get pvc --no-headers");
  expect(claims).toMatch(/^data-db-0 Bound pvc-\S+ 1Gi RWO standard <unset> \d+s\ndata-db-1 Bound pvc-\S+ 1Gi RWO /);
  expect(await k("get pv --no-headers")).toMatch(/^pvc-\S+ 1Gi RWO Delete Bound default\/data-db-\d standard <unset> /);
  const described = await k("describe pvc data-db-0");
  expect(described).toContain("Used By: db-0\n");
  expect(described).toContain("Successfully provisioned volume pvc-");
  await k("delete statefulset db");
  await k("wait --for=delete pod/db-0 pod/db-1 --timeout=30s");
  expect(await k("get pvc -o name")).toBe("persistentvolumeclaim/data-db-0\npersistentvolumeclaim/data-db-1\n");
  await k("delete pvc --all --timeout=30s");
  await eventually(
    () => k("get pv -o name"),
    (volumes) => volumes === "",
  );
});
