import type { FieldPath } from "../../meta/index.ts";
import type { JobSpec } from "../../types/index.ts";
import { podWarnings } from "../podspec/warnings.ts";

const trackedCompletionsMax = 100_000;
const trackedParallelismMax = 10_000;

/** What is valid in a job's spec and yet hardly meant, its pods included. */
export function jobWarnings(spec: JobSpec, path: FieldPath, old?: JobSpec): string[] {
  const template = spec.template?.spec ?? { containers: [] };
  return [...sizeWarnings(spec), ...podWarnings(template, path.child("template", "spec"), old?.template?.spec)];
}

function sizeWarnings({ completionMode, completions = 0, parallelism = 0 }: JobSpec): string[] {
  if (completionMode !== "Indexed") return [];
  if (completions <= trackedCompletionsMax || parallelism <= trackedParallelismMax) return [];
  return [
    "In Indexed Jobs with a number of completions higher than 10^5 and a parallelism higher than 10^4, Kubernetes might not be able to track completedIndexes when a big number of indexes fail",
  ];
}
