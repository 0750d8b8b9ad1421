/** Pods: their strategy, what updates may change, and how they are shown. */
export { podStrategy } from "./strategy.ts";
