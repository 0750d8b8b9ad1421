/** Runs the pods of jobs until enough have succeeded or too many failed, each counted exactly once. */
export { startJobController } from "./controller.ts";
