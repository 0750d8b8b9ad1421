/** Scales workloads by the metrics of their pods, of other objects, or from outside of the cluster. */
export { startHorizontalPodAutoscalerController } from "./controller.ts";
