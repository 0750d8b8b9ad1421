import type { Deployment, ReplicaSet } from "../../api/types/index.ts";
import { maxSurge } from "./rolling.ts";

export const revisionAnnotation = "deployment.kubernetes.io/revision";
const revisionHistoryAnnotation = "deployment.kubernetes.io/revision-history";
const desiredReplicasAnnotation = "deployment.kubernetes.io/desired-replicas";
const maxReplicasAnnotation = "deployment.kubernetes.io/max-replicas";
const revisionHistoryCharsMax = 2000;

const notCopied = new Set([
  "kubectl.kubernetes.io/last-applied-configuration",
  revisionAnnotation,
  revisionHistoryAnnotation,
  desiredReplicasAnnotation,
  maxReplicasAnnotation,
  "deprecated.deployment.rollback.to",
]);

/** Whether an annotation goes from a deployment to its replica sets, and back with a rollback. */
export function isCopiedAnnotation(name: string): boolean {
  return !notCopied.has(name);
}

type Annotations = Readonly<Record<string, string>>;

/** Revisions have 64 bits; 0 for what is no number. */
export function revisionOf(object: Pick<ReplicaSet, "metadata">): bigint {
  return numberOf(object.metadata.annotations?.[revisionAnnotation]) ?? 0n;
}

export function maxRevision(replicaSets: readonly ReplicaSet[]): bigint {
  const newest = [...replicaSets].sort(byRevision).at(-1);
  return newest === undefined ? 0n : revisionOf(newest);
}

/** The oldest first. */
export function byRevision(a: ReplicaSet, b: ReplicaSet): number {
  return Number(BigInt.asIntN(64, revisionOf(a) - revisionOf(b)));
}

/** Undefined for what is no whole number. */
export function numberOf(text: string | undefined): bigint | undefined {
  return text !== undefined && /^[-+]?\d+$/.test(text) ? BigInt(text.replace(/^\+/, "")) : undefined;
}

export function desiredReplicas(replicaSet: ReplicaSet): number | undefined {
  return count(replicaSet, desiredReplicasAnnotation);
}

export function maxReplicas(replicaSet: ReplicaSet): number | undefined {
  return count(replicaSet, maxReplicasAnnotation);
}

function count(replicaSet: ReplicaSet, annotation: string): number | undefined {
  const text = replicaSet.metadata.annotations?.[annotation];
  if (text === undefined || !/^-?\d+$/.test(text)) return undefined;
  return Number(text);
}

/** The size of the whole deployment, noted on each of its replica sets: proportional scaling needs the size before. */
export function withSizeAnnotations(deployment: Deployment, replicaSet: ReplicaSet): ReplicaSet {
  const replicas = deployment.spec.replicas ?? 1;
  return withAnnotations(replicaSet, {
    [desiredReplicasAnnotation]: String(replicas),
    [maxReplicasAnnotation]: String(replicas + maxSurge(deployment)),
  });
}

/** Annotations of the newest replica set: the deployment's own, and its revision with those it had before. */
export function withNewestAnnotations(deployment: Deployment, replicaSet: ReplicaSet, revision: bigint): ReplicaSet {
  const inherited = Object.entries(deployment.metadata.annotations ?? {}).filter(([name]) => isCopiedAnnotation(name));
  const annotated = withAnnotations(replicaSet, Object.fromEntries(inherited));
  const before = replicaSet.metadata.annotations?.[revisionAnnotation];
  const known = before === undefined ? 0n : numberOf(before);
  if (known === undefined || (before !== undefined && known >= revision)) return annotated;
  const revised = withAnnotations(annotated, { [revisionAnnotation]: String(revision) });
  if (before === undefined) return revised;
  const history = replicaSet.metadata.annotations?.[revisionHistoryAnnotation];
  return withAnnotations(revised, { [revisionHistoryAnnotation]: longerHistory(history, before) });
}

/** The oldest revisions go when the text would become too long. */
function longerHistory(history: string | undefined, revision: string): string {
  if (history === undefined || history === "") return revision;
  const revisions = [...history.split(","), revision];
  while (revisions.length > 1 && revisions.join(",").length > revisionHistoryCharsMax) revisions.shift();
  return revisions.join(",");
}

/** The same object when nothing changes. */
function withAnnotations(replicaSet: ReplicaSet, annotations: Annotations): ReplicaSet {
  const known = replicaSet.metadata.annotations ?? {};
  if (Object.entries(annotations).every(([name, value]) => known[name] === value)) return replicaSet;
  return { ...replicaSet, metadata: { ...replicaSet.metadata, annotations: { ...known, ...annotations } } };
}
