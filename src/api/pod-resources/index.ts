/** What a pod as a whole asks for and is limited to: the one exact sum that quotas and kubelets share. */
export { addAmounts, podTotals, type ResourceField } from "./pod-totals.ts";
