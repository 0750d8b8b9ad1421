import { expect, test } from "vitest";
import type { OwnerReference } from "../../api/meta/index.ts";
import type { PersistentVolumeClaim, Pod, StatefulSet } from "../../api/types/index.ts";
import { goesWithEarlierPod, planClaimOwners } from "./claim-owners.ts";

const pod: Pod = { apiVersion: "v1", kind: "Pod", metadata: { name: "db-1", uid: "pod" }, spec: { containers: [] } };
const set = (whenDeleted: string, whenScaled: string) =>
  ({
    apiVersion: "apps/v1",
    kind: "StatefulSet",
    metadata: { name: "db", uid: "set" },
    spec: { persistentVolumeClaimRetentionPolicy: { whenDeleted, whenScaled } },
  }) as StatefulSet;
const claim = (...ownerReferences: OwnerReference[]): PersistentVolumeClaim => ({
  apiVersion: "v1",
  kind: "PersistentVolumeClaim",
  metadata: { name: "data-db-1", ...(ownerReferences.length > 0 && { ownerReferences }) },
  spec: {},
});
const owner = (kind: string, name: string, uid: string, controller = true): OwnerReference => ({
  apiVersion: kind === "StatefulSet" ? "apps/v1" : "v1",
  kind,
  name,
  uid,
  controller,
  blockOwnerDeletion: true,
});
const bySet = owner("StatefulSet", "db", "set");
const byPod = owner("Pod", "db-1", "pod");
const other = owner("ConfigMap", "x", "x", false);

test.each<[string, string, boolean, OwnerReference[], OwnerReference[] | undefined]>([
  ["Retain", "Retain", false, [], undefined],
  ["Retain", "Retain", true, [], undefined],
  ["Retain", "Retain", false, [bySet], []],
  ["Delete", "Retain", false, [], [bySet]],
  ["Delete", "Retain", true, [bySet], undefined],
  ["Retain", "Delete", false, [], undefined],
  ["Retain", "Delete", true, [], [byPod]],
  ["Delete", "Delete", true, [bySet], [byPod]],
  ["Delete", "Delete", false, [byPod], [bySet]],
  ["Delete", "Delete", false, [other], [other, bySet]],
  ["Delete", "Delete", false, [owner("Operator", "o", "o")], undefined],
])(
  "deleted: %s, scaled: %s, scaled away: %s, owned by %j",
  (whenDeleted, whenScaled, isScaledAway, present, wanted) => {
    expect(planClaimOwners(claim(...present), set(whenDeleted, whenScaled), pod, isScaledAway)).toEqual(wanted);
  },
);

test("a claim that goes with an earlier pod is not for the next one of that name", () => {
  expect(goesWithEarlierPod(claim(byPod), "db-1")).toBe(true);
  expect(goesWithEarlierPod(claim(byPod), "db-2")).toBe(false);
  expect(goesWithEarlierPod(claim(bySet), "db-1")).toBe(false);
});
