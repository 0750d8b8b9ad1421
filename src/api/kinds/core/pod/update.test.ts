import { describe, expect, it } from "vitest";
import { deepFreeze } from "../../../meta/index.ts";
import type { Pod, PodSpec } from "../../../types/index.ts";
import { checkEphemeralUpdate, checkPodSpecUpdate } from "./update.ts";

function pod(spec: Partial<PodSpec> = {}): Pod {
  const containers = [{ name: "c", image: "nginx:1" }];
  return { apiVersion: "v1", kind: "Pod", metadata: { name: "p" }, spec: { containers, ...spec } };
}

function refused(next: Partial<PodSpec>, old: Partial<PodSpec> = {}): string[] {
  return checkPodSpecUpdate(pod(next), deepFreeze(pod(old))).map(({ field }) => field);
}

describe("updates of a pod", () => {
  it("may change images", () => {
    expect(refused({ containers: [{ name: "c", image: "nginx:2" }] })).toEqual([]);
  });

  it("may not change anything else of a container", () => {
    expect(refused({ containers: [{ name: "c", image: "nginx:1", command: ["x"] }] })).toEqual(["spec"]);
  });

  it("may not add or remove containers", () => {
    expect(refused({ containers: [] })).toEqual(["spec.containers"]);
  });

  it("may add tolerations and not take them away", () => {
    const tolerations = [{ key: "a", operator: "Exists" }];
    expect(refused({ tolerations })).toEqual([]);
    expect(refused({}, { tolerations })).toEqual(["spec.tolerations"]);
    expect(refused({ tolerations: [{ key: "a", operator: "Exists", tolerationSeconds: 5 }] }, { tolerations })).toEqual(
      [],
    );
  });

  it("may shorten the deadline and not lift it", () => {
    expect(refused({ activeDeadlineSeconds: 5 }, { activeDeadlineSeconds: 9 })).toEqual([]);
    expect(refused({ activeDeadlineSeconds: 9 }, { activeDeadlineSeconds: 5 })).toEqual(["spec.activeDeadlineSeconds"]);
    expect(refused({}, { activeDeadlineSeconds: 5 })).toEqual(["spec.activeDeadlineSeconds"]);
  });

  it("may open scheduling gates and add none", () => {
    const schedulingGates = [{ name: "g" }];
    expect(refused({}, { schedulingGates })).toEqual([]);
    expect(refused({ schedulingGates })).toEqual(["spec.schedulingGates"]);
  });

  it("adds debug containers, which stay as they are", () => {
    const ephemeralContainers = [{ name: "debug", image: "busybox" }];
    const old = deepFreeze(pod({ ephemeralContainers }));
    expect(checkEphemeralUpdate(pod({ ephemeralContainers }), old)).toEqual([]);
    expect(checkEphemeralUpdate(pod(), old)).toHaveLength(1);
    expect(checkEphemeralUpdate(pod({ ephemeralContainers: [{ name: "debug", image: "other" }] }), old)).toHaveLength(
      1,
    );
  });
});
