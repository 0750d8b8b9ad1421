import { expect, it } from "vitest";
import { deepFreeze } from "../../meta/index.ts";
import type { autoscalingV2 } from "../../types/index.ts";
import { autoscalingV1Conversion } from "./conversion.ts";

const stored: autoscalingV2.HorizontalPodAutoscaler = deepFreeze({
  apiVersion: "autoscaling/v2",
  kind: "HorizontalPodAutoscaler",
  metadata: { name: "h" },
  spec: {
    maxReplicas: 5,
    scaleTargetRef: { kind: "Deployment", name: "d" },
    metrics: [
      { type: "Resource", resource: { name: "memory", target: { type: "AverageValue", averageValue: "1Gi" } } },
      { type: "Resource", resource: { name: "cpu", target: { type: "Utilization", averageUtilization: 50 } } },
    ],
    behavior: { scaleDown: { stabilizationWindowSeconds: 60 } },
  },
  status: { currentReplicas: 1, desiredReplicas: 1, currentMetrics: null },
});

it("shows cpu as v1's one field and the rest as annotations", () => {
  const v1 = autoscalingV1Conversion.fromStorage(stored);
  expect(v1).toMatchObject({ apiVersion: "autoscaling/v1", spec: { targetCPUUtilizationPercentage: 50 } });
  expect(Object.keys(v1.metadata.annotations ?? {})).toEqual([
    "autoscaling.alpha.kubernetes.io/metrics",
    "autoscaling.alpha.kubernetes.io/behavior",
  ]);
});

it("loses nothing on the way there and back", () => {
  expect(autoscalingV1Conversion.toStorage(autoscalingV1Conversion.fromStorage(stored))).toEqual(stored);
});
