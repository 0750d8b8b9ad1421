import {
  ApiError,
  errors,
  formatTime,
  isConditionTrue,
  type KubeObject,
  type LabelSelector,
  labelSelectorAsSelector,
  matches,
  setCondition,
} from "../../../api/meta/index.ts";
import type { Entry } from "../../../store/index.ts";
import type { ApiResponse, RequestOptions } from "../../request.ts";
import { putObject } from "../commit.ts";
import { type Call, type HandlerContext, warningsOf } from "../context.ts";
import { createAttributes } from "../create.ts";
import { decodeSubresourceBody } from "../decode.ts";
import { deleteOne } from "../delete.ts";
import { checkPreconditions } from "../deletion.ts";
import { collectionPrefix, objectKey, requiredName } from "../keys.ts";
import { checkDeleteOptions } from "../options.ts";

type Eviction = KubeObject & { deleteOptions?: RequestOptions & { dryRun?: string[] } };
type Pod = KubeObject & { status?: { phase?: string; conditions?: { type: string; status: string }[] } };
type Budget = KubeObject & {
  spec?: { selector?: LabelSelector; unhealthyPodEvictionPolicy?: string };
  status?: {
    disruptionsAllowed?: number;
    desiredHealthy?: number;
    currentHealthy?: number;
    observedGeneration?: number;
    disruptedPods?: Record<string, string>;
  };
};

const evictionType = { group: "policy", version: "v1", kind: "Eviction" };
const budgetResource = { group: "policy", resource: "poddisruptionbudget" };
const evictionAttemptsMax = 20;
const disruptedPodsMax = 2000;
const budgetBehindRetrySeconds = 10;

/** POST of an Eviction: a delete that the pod's disruption budget must allow. */
export async function evictPod(ctx: HandlerContext, call: Call): Promise<ApiResponse> {
  const { request } = call;
  const name = requiredName(request);
  const eviction: Eviction = decodeSubresourceBody(ctx, call, evictionType);
  if (eviction.metadata.name && eviction.metadata.name !== name) {
    throw errors.badRequest("name in URL does not match name in Eviction object");
  }
  const attributes = createAttributes(call, eviction);
  await ctx.admission.admit(attributes);
  await ctx.admission.validate(attributes);
  const options = eviction.deleteOptions ?? {};
  const dryRun = checkDeleteOptions(options) || call.dryRun;
  const deletion: Call = { ...call, dryRun, request: { ...request, verb: "delete", subresource: undefined, options } };
  await askBudget(ctx, deletion, name);
  await deleteOne(ctx, dryRun ? deletion : await markDisrupted(ctx, deletion, name), request.namespace, name);
  const status = { kind: "Status", apiVersion: "v1", metadata: {}, status: "Success", code: 201 } as const;
  return { kind: "status", code: 201, status, warnings: warningsOf(call) };
}

/** Tells why the pod goes, before it goes; gives the deletion of the pod as it is then. */
async function markDisrupted(ctx: HandlerContext, deletion: Call, name: string): Promise<Call> {
  const { kind, request } = deletion;
  for (let attempt = 1; attempt <= evictionAttemptsMax; attempt++) {
    const found = await ctx.store.get(objectKey(kind, request.namespace, name));
    if (found === undefined) throw errors.notFound(kind, name);
    const pod: Pod = found.object;
    checkPreconditions(kind, pod, request.options ?? {});
    const condition = {
      type: "DisruptionTarget",
      status: "True",
      lastProbeTime: null,
      reason: "EvictionByEvictionAPI",
      message: "Eviction API: evicting",
      observedGeneration: pod.metadata.generation,
    };
    const now = formatTime(ctx.host.clock.now());
    const conditions = setCondition(pod.status?.conditions ?? [], condition, now);
    const marked = { ...pod, metadata: { ...pod.metadata }, status: { ...pod.status, conditions } };
    const written = await putObject(ctx, kind, found.key, marked, found.revision);
    if ("entry" in written) return withRevision(deletion, written.entry);
  }
  throw errors.serverTimeout({ group: "", resource: "pods" }, "eviction");
}

/** A deletion that wanted the version before the mark wants the one with it. */
function withRevision(deletion: Call, { revision }: Entry): Call {
  const { options = {} } = deletion.request;
  if (options.preconditions?.resourceVersion === undefined) return deletion;
  const preconditions = { ...options.preconditions, resourceVersion: String(revision) };
  return { ...deletion, request: { ...deletion.request, options: { ...options, preconditions } } };
}

/** @throws ApiError 429 when the budget does not allow the disruption now. */
async function askBudget(ctx: HandlerContext, call: Call, name: string): Promise<void> {
  const { kind, request } = call;
  for (let attempt = 1; attempt <= evictionAttemptsMax; attempt++) {
    const pod: Pod | undefined = (await ctx.store.get(objectKey(kind, request.namespace, name)))?.object;
    if (pod === undefined) throw errors.notFound(kind, name);
    if (ignoresBudget(pod)) return;
    const budgets = await budgetsOf(ctx, pod, request.namespace ?? "");
    if (budgets.length > 1) throw severalBudgets();
    const budget = budgets[0];
    if (budget === undefined || unhealthyMayGo(pod, budget.object)) return;
    const charged = charge(budget.object, name, formatTime(ctx.host.clock.now()));
    if (call.dryRun) return;
    const budgetKind = ctx.kinds.byResource("policy", "v1", "poddisruptionbudgets");
    if (budgetKind === undefined) return;
    if ("entry" in (await putObject(ctx, budgetKind, budget.key, charged, budget.revision))) return;
  }
  throw errors.serverTimeout({ group: "policy", resource: "poddisruptionbudgets" }, "eviction");
}

/** Pods that do not run, or are on their way out, are no disruption. */
function ignoresBudget(pod: Pod): boolean {
  const phase = pod.status?.phase;
  return (
    phase === "Succeeded" || phase === "Failed" || phase === "Pending" || pod.metadata.deletionTimestamp !== undefined
  );
}

async function budgetsOf(ctx: HandlerContext, pod: Pod, namespace: string): Promise<Entry[]> {
  const kind = ctx.kinds.byResource("policy", "v1", "poddisruptionbudgets");
  if (kind === undefined) return [];
  const snapshot = await ctx.store.list(collectionPrefix(kind, namespace));
  return [...snapshot.entries()].filter((entry) => {
    const selector = (entry.object as Budget).spec?.selector;
    return matches(labelSelectorAsSelector(selector), pod.metadata.labels);
  });
}

function unhealthyMayGo(pod: Pod, budget: Budget): boolean {
  if (isConditionTrue(pod.status?.conditions, "Ready")) return false;
  if (budget.spec?.unhealthyPodEvictionPolicy === "AlwaysAllow") return true;
  const { currentHealthy = 0, desiredHealthy = 0 } = budget.status ?? {};
  return desiredHealthy > 0 && currentHealthy >= desiredHealthy;
}

/** The budget with this disruption taken from what it allows. */
function charge(budget: Budget, podName: string, now: string): Budget {
  const name = budget.metadata.name ?? "";
  const { status = {} } = budget;
  const allowed = status.disruptionsAllowed ?? 0;
  if ((status.observedGeneration ?? 0) < (budget.metadata.generation ?? 0)) {
    const why = `The disruption budget ${name} is still being processed by the server.`;
    throw tooManyRequests(why, budgetBehindRetrySeconds);
  }
  if (allowed < 0) throw errors.forbidden(budgetResource, name, "pdb disruptions allowed is negative");
  if (Object.keys(status.disruptedPods ?? {}).length > disruptedPodsMax) {
    const why = "DisruptedPods map too big - too many evictions not confirmed by PDB controller";
    throw errors.forbidden(budgetResource, name, why);
  }
  if (allowed === 0) {
    const { desiredHealthy = 0, currentHealthy = 0 } = status;
    throw tooManyRequests(
      `The disruption budget ${name} needs ${desiredHealthy} healthy pods and has ${currentHealthy} currently`,
      0,
    );
  }
  return {
    ...budget,
    metadata: { ...budget.metadata }, // the store stamps it
    status: {
      ...status,
      disruptionsAllowed: allowed - 1,
      disruptedPods: { ...status.disruptedPods, [podName]: now },
    },
  };
}

function tooManyRequests(why: string, retryAfterSeconds: number): ApiError {
  const message = "Cannot evict pod as it would violate the pod's disruption budget.";
  const { status } = errors.tooManyRequests(message, retryAfterSeconds);
  const details = { ...status.details, causes: [{ reason: "DisruptionBudget", message: why }] };
  if (retryAfterSeconds === 0) delete details.retryAfterSeconds;
  return new ApiError({ ...status, details });
}

function severalBudgets(): ApiError {
  const message = "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.";
  return new ApiError({ kind: "Status", apiVersion: "v1", metadata: {}, status: "Failure", message, code: 500 });
}
