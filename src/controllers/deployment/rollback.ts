import type { Deployment, ReplicaSet } from "../../api/types/index.ts";
import { byRevision, isCopiedAnnotation, numberOf, revisionOf } from "./annotations.ts";
import { sameTemplate, withoutHash } from "./template-hash.ts";

/** Left by clients of API versions that are gone: the revision to go back to, 0 for the one before. */
export const rollbackAnnotation = "deprecated.deployment.rollback.to";

export interface Rollback {
  /** The deployment as it shall be, without the wish. */
  readonly deployment: Deployment;
  readonly event: { readonly type: "Normal" | "Warning"; readonly reason: string; readonly message: string };
}

/** The revision that the deployment shall go back to, if it says one. */
export function wantedRollback({ metadata }: Deployment): bigint | undefined {
  return numberOf(metadata.annotations?.[rollbackAnnotation]);
}

/** Puts the template of a revision in the place of the present one, with the annotations that came with it. */
export function planRollback(deployment: Deployment, replicaSets: readonly ReplicaSet[], wanted: bigint): Rollback {
  const name = `"${deployment.metadata.name}"`;
  const revision = wanted === 0n ? lastRevision(replicaSets) : wanted;
  const source = revision === 0n ? undefined : replicaSets.find((replicaSet) => revisionOf(replicaSet) === revision);
  const { [rollbackAnnotation]: _, ...annotations } = deployment.metadata.annotations ?? {};
  const settled: Deployment = { ...deployment, metadata: { ...deployment.metadata, annotations } };
  if (source === undefined) {
    const message = revision === 0n ? "Unable to find last revision." : "Unable to find the revision to rollback to.";
    return warning(settled, "DeploymentRollbackRevisionNotFound", message);
  }
  if (sameTemplate(deployment.spec.template, source.spec.template)) {
    const message = `The rollback revision contains the same template as current deployment ${name}`;
    return warning(settled, "DeploymentRollbackTemplateUnchanged", message);
  }
  const kept = Object.entries(annotations).filter(([key]) => !isCopiedAnnotation(key));
  const copied = Object.entries(source.metadata.annotations ?? {}).filter(([key]) => isCopiedAnnotation(key));
  return {
    deployment: {
      ...settled,
      metadata: { ...settled.metadata, annotations: Object.fromEntries([...kept, ...copied]) },
      spec: { ...deployment.spec, template: withoutHash(source.spec.template) ?? deployment.spec.template },
    },
    event: {
      type: "Normal",
      reason: "DeploymentRollback",
      message: `Rolled back deployment ${name} to revision ${revision}`,
    },
  };
}

function warning(deployment: Deployment, reason: string, message: string): Rollback {
  return { deployment, event: { type: "Warning", reason, message } };
}

/** The second highest: the one before the present. */
function lastRevision(replicaSets: readonly ReplicaSet[]): bigint {
  const second = [...replicaSets].sort(byRevision).at(-2);
  return second === undefined ? 0n : revisionOf(second);
}
