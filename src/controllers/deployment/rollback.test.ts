import { expect, test } from "vitest";
import type { Deployment, ReplicaSet } from "../../api/types/index.ts";
import { planRollback, wantedRollback } from "./rollback.ts";

const template = (image: string, hash?: string) => ({
  metadata: { labels: { app: "web", ...(hash === undefined ? {} : { "pod-template-hash": hash }) } },
  spec: { containers: [{ name: "c", image }] },
});

function replicaSet(revision: number, image: string): ReplicaSet {
  const annotations = {
    "deployment.kubernetes.io/revision": String(revision),
    "deployment.kubernetes.io/desired-replicas": "3",
    "kubernetes.io/change-cause": `made ${image}`,
  };
  return {
    apiVersion: "apps/v1",
    kind: "ReplicaSet",
    metadata: { name: `web-${revision}`, annotations },
    spec: { selector: {}, template: template(image, `h${revision}`) },
  };
}

const deployment = (to: string): Deployment => ({
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: {
    name: "web",
    annotations: {
      "deprecated.deployment.rollback.to": to,
      "deployment.kubernetes.io/revision": "3",
      "kubernetes.io/change-cause": "made i:3",
    },
  },
  spec: { selector: {}, template: template("i:3") },
});

const sets = [replicaSet(1, "i:1"), replicaSet(2, "i:2"), replicaSet(3, "i:3")];
const go = (to: string, among: readonly ReplicaSet[] = sets) => planRollback(deployment(to), among, BigInt(to));

test("a deployment goes back to the template and the annotations of a revision", () => {
  const { deployment: next, event } = go("1");
  expect(next.spec.template).toEqual(template("i:1"));
  expect(next.metadata.annotations).toEqual({
    "deployment.kubernetes.io/revision": "3",
    "kubernetes.io/change-cause": "made i:1",
  });
  expect(event).toEqual({
    type: "Normal",
    reason: "DeploymentRollback",
    message: 'Rolled back deployment "web" to revision 1',
  });
});

test("revision 0 is the one before the present", () => {
  expect(go("0").deployment.spec.template).toEqual(template("i:2"));
  expect(go("0", sets.slice(2)).event.message).toBe("Unable to find last revision.");
});

test("a revision that is not there, or the present one, changes nothing but that the wish is gone", () => {
  const missing = go("7");
  expect(missing.event).toEqual({
    type: "Warning",
    reason: "DeploymentRollbackRevisionNotFound",
    message: "Unable to find the revision to rollback to.",
  });
  const same = go("3");
  expect(same.event).toEqual({
    type: "Warning",
    reason: "DeploymentRollbackTemplateUnchanged",
    message: 'The rollback revision contains the same template as current deployment "web"',
  });
  for (const { deployment: next } of [missing, same]) {
    expect(next.spec.template).toEqual(template("i:3"));
    expect(wantedRollback(next)).toBeUndefined();
  }
});

test("a wish that is no number is none", () => {
  expect([wantedRollback(deployment("2")), wantedRollback(deployment("two"))]).toEqual([2n, undefined]);
});
