/** Horizontal pod autoscalers, stored as v2; v1 is a view of it. */
import type { KindStrategy } from "../generic.ts";
import { autoscalerStrategy, autoscalerV1Strategy } from "./horizontal-pod-autoscaler.ts";

export const autoscalingStrategies: Readonly<Record<string, KindStrategy>> = {
  horizontalpodautoscalers: autoscalerStrategy,
  "v1/horizontalpodautoscalers": autoscalerV1Strategy,
};
