import type { ResourceKind } from "../../api/kinds/index.ts";
import { type Condition, errors, formatTime, type KubeObject, setCondition } from "../../api/meta/index.ts";
import type { RequestOptions } from "../request.ts";
import { type Deletion, planDeletion } from "./deletion.ts";

/**
 * Namespaces and custom resource definitions hold other objects: the first delete only starts their end, a controller
 * empties them, and they go when nothing holds them any more.
 */
export function deletesInStages(kind: ResourceKind): boolean {
  return isNamespaces(kind) || isDefinitions(kind);
}

function isNamespaces(kind: ResourceKind): boolean {
  return kind.group === "" && kind.resource === "namespaces";
}

function isDefinitions(kind: ResourceKind): boolean {
  return kind.group === "apiextensions.k8s.io" && kind.resource === "customresourcedefinitions";
}

type Namespace = KubeObject & {
  spec?: { finalizers?: string[] };
  status?: { phase?: string };
};
type Definition = KubeObject & { status?: { conditions?: Condition[] } };

const definitionFinalizer = "customresourcecleanup.apiextensions.k8s.io";

export function planStage(kind: ResourceKind, object: KubeObject, options: RequestOptions, nowMs: number): Deletion {
  checkStagedPreconditions(kind, object, options);
  if (object.metadata.deletionTimestamp === undefined) {
    const draft = isNamespaces(kind)
      ? terminatingNamespace(object, options, nowMs)
      : terminatingDefinition(object, nowMs);
    return { type: "mark", draft, thenNow: false };
  }
  if (isNamespaces(kind) && ((object as Namespace).spec?.finalizers?.length ?? 0) > 0) return { type: "pending" };
  if (object.metadata.finalizers?.length) return { type: "pending" };
  return planDeletion(kind, object, options, nowMs);
}

function checkStagedPreconditions(kind: ResourceKind, object: KubeObject, options: RequestOptions): void {
  const { uid, resourceVersion } = options.preconditions ?? {};
  const { metadata } = object;
  if (uid !== undefined && uid !== metadata.uid) {
    const message = `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${metadata.uid}`;
    throw errors.conflict(kind, metadata.name ?? "", message);
  }
  if (resourceVersion !== undefined && resourceVersion !== metadata.resourceVersion) {
    const message = `Precondition failed: ResourceVersion in precondition: ${resourceVersion}, ResourceVersion in object meta: ${metadata.resourceVersion}`;
    throw errors.conflict(kind, metadata.name ?? "", message);
  }
}

function terminatingNamespace(object: KubeObject, options: RequestOptions, nowMs: number): KubeObject {
  const namespace = object as Namespace;
  const metadata = { ...namespace.metadata, deletionTimestamp: formatTime(nowMs) };
  const finalizers = (metadata.finalizers ?? []).filter((name) => name !== "orphan" && name !== "foregroundDeletion");
  if (options.propagationPolicy === "Orphan" || options.orphanDependents === true) finalizers.push("orphan");
  else if (options.propagationPolicy === "Foreground") finalizers.push("foregroundDeletion");
  if (finalizers.length > 0) metadata.finalizers = finalizers;
  else delete metadata.finalizers;
  const terminating: Namespace = { ...namespace, metadata, status: { ...namespace.status, phase: "Terminating" } };
  return terminating;
}

function terminatingDefinition(object: KubeObject, nowMs: number): KubeObject {
  const definition = object as Definition;
  const now = formatTime(nowMs);
  const finalizers = definition.metadata.finalizers ?? [];
  const metadata = { ...definition.metadata, deletionTimestamp: now };
  if (!finalizers.includes(definitionFinalizer)) metadata.finalizers = [...finalizers, definitionFinalizer];
  const condition = {
    type: "Terminating",
    status: "True",
    reason: "InstanceDeletionPending",
    message: "CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon",
  };
  const conditions = setCondition(definition.status?.conditions, condition, now);
  const terminating: Definition = { ...definition, metadata, status: { ...definition.status, conditions } };
  return terminating;
}
