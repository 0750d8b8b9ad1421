import type { ResourceKind } from "../../api/kinds/index.ts";
import { cloneJson, errors, type KubeObject, type StatusDetails, successStatus } from "../../api/meta/index.ts";
import type { Entry } from "../../store/index.ts";
import type { Attributes } from "../admission/index.ts";
import type { ApiResponse, RequestOptions } from "../request.ts";
import { deleteObject, putObject } from "./commit.ts";
import { type Call, type HandlerContext, warn, warningsOf } from "./context.ts";
import { isNamespace } from "./create.ts";
import { checkPreconditions, type Deletion, planDeletion } from "./deletion.ts";
import { objectKey, requiredName } from "./keys.ts";
import { deletesInStages, planStage } from "./staged-deletion.ts";
import { locksOf } from "./update.ts";
import { fromStorage } from "./versions.ts";

/** What became of the object. */
export interface DeleteOutcome {
  readonly object: KubeObject;
  readonly deleted: boolean;
}

/** How often a delete is tried anew when the object changes under it. */
const deleteAttemptsMax = 10;

/** DELETE on one object. */
export async function remove(ctx: HandlerContext, call: Call): Promise<ApiResponse> {
  const { request, kind } = call;
  const name = requiredName(request);
  warnOfOrphans(call);
  const outcome = await deleteOne(ctx, call, request.namespace, name);
  const { orphanDependents } = request.options;
  const code = !outcome.deleted && orphanDependents === false ? 202 : 200;
  if (!outcome.deleted || answersWithObject(kind)) {
    return { kind: "object", code, object: outcome.object, warnings: warningsOf(call) };
  }
  const details: StatusDetails = { name };
  if (kind.group !== "") details.group = kind.group;
  details.kind = kind.resource;
  if (outcome.object.metadata.uid) details.uid = outcome.object.metadata.uid;
  return { kind: "status", code: 200, status: successStatus(details), warnings: warningsOf(call) };
}

/** The way of one deletion, also of those of a collection. */
export async function deleteOne(
  ctx: HandlerContext,
  call: Call,
  namespace: string | undefined,
  name: string,
): Promise<DeleteOutcome> {
  const key = objectKey(call.kind, namespace, name);
  return locksOf(ctx).run(key, async () => {
    for (let attempt = 1; attempt <= deleteAttemptsMax; attempt++) {
      const entry = await ctx.store.get(key);
      if (entry === undefined) throw errors.notFound(call.kind, name);
      const outcome = await attemptDelete(ctx, call, key, entry, namespace, name);
      if (outcome !== undefined) return outcome;
    }
    throw errors.serverTimeout(call.kind, "delete");
  });
}

/** Undefined when the object changed meanwhile. */
async function attemptDelete(
  ctx: HandlerContext,
  call: Call,
  key: string,
  entry: Entry,
  namespace: string | undefined,
  name: string,
): Promise<DeleteOutcome | undefined> {
  const { kind, request, dryRun } = call;
  const object = fromStorage(kind, entry.object);
  const attributes = deleteAttributes(call, object, namespace, name);
  await ctx.admission.admit(attributes);
  const nowMs = ctx.host.clock.now();
  const plan = planOf(kind, object, request.options, nowMs);
  await ctx.admission.validate(attributes);
  if (plan.type === "pending") return { object, deleted: false };
  let latest = entry;
  let last = object;
  if (plan.type === "mark") {
    if (dryRun) return { object: plan.draft, deleted: plan.thenNow };
    const marked = await putObject(ctx, kind, key, markedDraft(kind, plan.draft), entry.revision);
    if (!("entry" in marked)) return undefined;
    latest = marked.entry;
    last = fromStorage(kind, latest.object);
    if (!plan.thenNow) return { object: last, deleted: false };
  }
  if (dryRun) return { object, deleted: true };
  return finishDelete(ctx, call, key, latest, last);
}

function planOf(kind: ResourceKind, object: KubeObject, options: RequestOptions, nowMs: number): Deletion {
  if (deletesInStages(kind)) return planStage(kind, object, options, nowMs);
  checkPreconditions(kind, object, options);
  return planDeletion(kind, object, options, nowMs);
}

/** A conversion works in place: it must not reach what the draft shares with the stored version. */
function markedDraft(kind: ResourceKind, draft: KubeObject): KubeObject {
  return kind.conversion === undefined ? draft : cloneJson(draft);
}

async function finishDelete(
  ctx: HandlerContext,
  call: Call,
  key: string,
  entry: Entry,
  object: KubeObject,
): Promise<DeleteOutcome | undefined> {
  const { kind } = call;
  const beside = await ctx.companions.get(kind.storagePrefix)?.beforeDelete?.(kind, object);
  const deleted = await deleteObject(ctx, key, entry.revision, beside);
  if (!("entry" in deleted)) return undefined;
  return { object: fromStorage(kind, deleted.entry.object), deleted: true };
}

function deleteAttributes(call: Call, old: KubeObject, namespace: string | undefined, name: string): Attributes {
  const { request, kind } = call;
  return {
    operation: "DELETE",
    kind,
    subresource: "",
    namespace: isNamespace(call) ? name : (namespace ?? ""),
    name,
    old,
    user: request.user,
    dryRun: call.dryRun,
    options: request.options,
    deadline: request.deadline,
    warn: (text) => warn(call, text),
    audit: request.audit && ((key, value) => request.audit?.annotate(key, value)),
  };
}

/** Kinds whose delete answers with the object it deleted, where others answer with a Status. */
const answeringWithObject: ReadonlySet<string> = new Set([
  "/persistentvolumeclaims",
  "/persistentvolumes",
  "/pods",
  "/podtemplates",
  "/resourcequotas",
  "/serviceaccounts",
  "/services",
  "resource.k8s.io/deviceclasses",
  "resource.k8s.io/resourceclaims",
  "resource.k8s.io/resourceclaimtemplates",
  "resource.k8s.io/resourceslices",
  "storage.k8s.io/csidrivers",
  "storage.k8s.io/csinodes",
  "storage.k8s.io/storageclasses",
  "storage.k8s.io/volumeattachments",
  "storage.k8s.io/volumeattributesclasses",
]);

function answersWithObject(kind: ResourceKind): boolean {
  return answeringWithObject.has(`${kind.group}/${kind.resource}`);
}

function warnOfOrphans(call: Call): void {
  const { kind, request } = call;
  if (kind.group !== "batch" || kind.resource !== "jobs") return;
  const { propagationPolicy, orphanDependents } = request.options;
  if (propagationPolicy !== undefined || orphanDependents !== undefined) return;
  warn(
    call,
    "child pods are preserved by default when jobs are deleted; set propagationPolicy=Background to remove them or set propagationPolicy=Orphan to suppress this warning",
  );
}
