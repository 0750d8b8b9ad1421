/** Why a pod is where it is, or nowhere: which filter refuses which nodes and by how much, and the scores of the others. */
export type { Explanation, Refusal, RefusedNodes, ScoredNode } from "./explain.ts";
export { ExplainError, type ExplainPodOptions, explainPod } from "./explain-pod.ts";
export { explanationText } from "./table.ts";
