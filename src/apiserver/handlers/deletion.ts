import type { ResourceKind } from "../../api/kinds/index.ts";
import { errors, formatTime, type KubeObject, type ObjectMeta, parseTime } from "../../api/meta/index.ts";
import type { RequestOptions } from "../request.ts";
import { ownKind } from "./versions.ts";

/** What a delete does to one object. */
export type Deletion =
  /** Nothing is in its way. */
  | { readonly type: "now" }
  /** It is marked (deletionTimestamp, finalizers); `thenNow`: and then deleted. */
  | { readonly type: "mark"; readonly draft: KubeObject; readonly thenNow: boolean }
  /** It is being deleted already, and this request changes nothing. */
  | { readonly type: "pending" };

/** @throws ApiError 409 when a precondition does not hold. */
export function checkPreconditions(kind: ResourceKind, object: KubeObject, options: RequestOptions): void {
  const { uid, resourceVersion } = options.preconditions ?? {};
  const { metadata } = object;
  const name = metadata.name ?? "";
  const subject = { group: ownKind(kind).group, resource: kind.kind }; // the original names the kind here
  if (uid !== undefined && uid !== metadata.uid) {
    const message = `the UID in the precondition (${uid}) does not match the UID in record (${metadata.uid}). The object might have been deleted and then recreated`;
    throw errors.conflict(subject, name, message);
  }
  if (resourceVersion !== undefined && resourceVersion !== metadata.resourceVersion) {
    const message = `the ResourceVersion in the precondition (${resourceVersion}) does not match the ResourceVersion in record (${metadata.resourceVersion}). The object might have been modified`;
    throw errors.conflict(subject, name, message);
  }
}

/** Decides what a delete does, as the original's combination of graceful deletion and finalizers. */
export function planDeletion(kind: ResourceKind, object: KubeObject, options: RequestOptions, nowMs: number): Deletion {
  const finalizers = finalizersAfter(kind, object.metadata, options);
  const grace = graceOf(kind, object, options, nowMs);
  if (grace === "pending") return { type: "pending" };
  const changed = !sameSet(finalizers, object.metadata.finalizers ?? []);
  if (grace === undefined && finalizers.length === 0) return { type: "now" };
  if (grace === undefined && !changed && isMarked(object.metadata)) return { type: "pending" };
  const metadata: ObjectMeta = { ...object.metadata };
  if (changed && finalizers.length > 0) metadata.finalizers = finalizers;
  else if (changed) delete metadata.finalizers;
  if (grace === undefined) markDeleting(metadata, nowMs);
  else Object.assign(metadata, grace.marks);
  return {
    type: "mark",
    draft: { ...object, metadata },
    thenNow: finalizers.length === 0 && (grace?.seconds ?? 0) === 0,
  };
}

interface Grace {
  readonly seconds: number;
  readonly marks: Partial<ObjectMeta>;
}

/** Undefined for kinds and objects that are not deleted gracefully. */
function graceOf(
  kind: ResourceKind,
  object: KubeObject,
  options: RequestOptions,
  nowMs: number,
): Grace | "pending" | undefined {
  const { strategy } = kind;
  if (strategy.gracePeriod === undefined) return undefined;
  const { metadata } = object;
  const requested = options.gracePeriodSeconds;
  if (metadata.deletionTimestamp !== undefined) return shortened(metadata, metadata.deletionTimestamp, requested);
  const seconds = strategy.gracePeriod(object, requested);
  if (seconds === undefined) return undefined;
  const marks: Partial<ObjectMeta> = {
    deletionTimestamp: formatTime(nowMs + seconds * 1000),
    deletionGracePeriodSeconds: seconds,
  };
  // Controllers are to notice that the object goes.
  if (metadata.generation) marks.generation = metadata.generation + 1;
  return { seconds, marks };
}

/** A grace period that runs may only be made shorter. */
function shortened(
  metadata: ObjectMeta,
  deletionTimestamp: string,
  requested: number | undefined,
): Grace | "pending" | undefined {
  const running = metadata.deletionGracePeriodSeconds ?? 0;
  if (running === 0) return undefined;
  if (requested === undefined || requested >= running) return "pending";
  const seconds = Math.max(0, requested);
  const startedMs = parseTime(deletionTimestamp) - running * 1000;
  return {
    seconds,
    marks: {
      deletionTimestamp: formatTime(startedMs + seconds * 1000),
      deletionGracePeriodSeconds: seconds,
    },
  };
}

function isMarked(metadata: ObjectMeta): boolean {
  return metadata.deletionTimestamp !== undefined && metadata.deletionGracePeriodSeconds === 0;
}

function markDeleting(metadata: ObjectMeta, nowMs: number): void {
  if (metadata.deletionTimestamp === undefined) {
    metadata.deletionTimestamp = formatTime(nowMs);
    if (metadata.generation) metadata.generation += 1;
  }
  metadata.deletionGracePeriodSeconds = 0;
}

const orphan = "orphan";
const foreground = "foregroundDeletion";

/** The finalizers that stand for what shall happen to dependents, beside those that are there. */
function finalizersAfter(kind: ResourceKind, metadata: ObjectMeta, options: RequestOptions): string[] {
  const present = metadata.finalizers ?? [];
  const next = present.filter((finalizer) => finalizer !== orphan && finalizer !== foreground);
  if (orphansDependents(kind, present, options)) next.push(orphan);
  if (deletesDependentsFirst(present, options)) next.push(foreground);
  return next;
}

function orphansDependents(kind: ResourceKind, present: readonly string[], options: RequestOptions): boolean {
  if (options.orphanDependents !== undefined) return options.orphanDependents;
  if (options.propagationPolicy !== undefined) return options.propagationPolicy === "Orphan";
  const asked = present.find((finalizer) => finalizer === orphan || finalizer === foreground);
  return asked === undefined ? kind.strategy.defaultPropagation === "Orphan" : asked === orphan;
}

function deletesDependentsFirst(present: readonly string[], options: RequestOptions): boolean {
  if (options.orphanDependents !== undefined) return false;
  if (options.propagationPolicy !== undefined) return options.propagationPolicy === "Foreground";
  return present.includes(foreground);
}

function sameSet(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((value) => b.includes(value));
}
