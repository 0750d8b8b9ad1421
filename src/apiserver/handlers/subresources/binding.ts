import { type Condition, errors, fieldError, formatTime, type KubeObject, root } from "../../../api/meta/index.ts";
import type { ApiResponse } from "../../request.ts";
import { putObject } from "../commit.ts";
import { type Call, type HandlerContext, warningsOf } from "../context.ts";
import { createAttributes } from "../create.ts";
import { decodeSubresourceBody } from "../decode.ts";
import { objectKey } from "../keys.ts";
import { locksOf, staleMessage } from "../update.ts";

type Binding = KubeObject & { target?: { kind?: string; name?: string } };
type PodCondition = Condition & { lastProbeTime?: string | null };
type Pod = KubeObject & {
  spec?: { nodeName?: string; schedulingGates?: readonly unknown[] };
  status?: { conditions?: PodCondition[] };
};

const bindingType = { group: "", version: "v1", kind: "Binding" };
const bindingResource = { group: "", resource: "pods/binding" };
const bindAttemptsMax = 5;

/** POST of a Binding: the pod gets its node, once. */
export async function bindPod(ctx: HandlerContext, call: Call): Promise<ApiResponse> {
  const { request } = call;
  const binding: Binding = decodeSubresourceBody(ctx, call, bindingType);
  const name = request.name || (binding.metadata.name ?? "");
  if (binding.metadata.name !== name) throw errors.badRequest("name in URL does not match name in Binding object");
  const attributes = createAttributes(call, binding);
  await ctx.admission.admit(attributes);
  validate(binding);
  await ctx.admission.validate(attributes);
  const pods = ctx.kinds.byResource("", "v1", "pods");
  if (pods === undefined) throw errors.genericNotFound();
  const key = objectKey(pods, request.namespace, name);
  await locksOf(ctx).run(key, async () => {
    for (let attempt = 1; attempt <= bindAttemptsMax; attempt++) {
      const entry = await ctx.store.get(key);
      if (entry === undefined) throw errors.notFound(pods, name);
      const bound = boundPod(entry.object, binding, name, formatTime(ctx.host.clock.now()));
      if (call.dryRun) return;
      if ("entry" in (await putObject(ctx, pods, key, bound, entry.revision))) return;
    }
    throw errors.conflict(bindingResource, name, staleMessage);
  });
  const status = { kind: "Status", apiVersion: "v1", metadata: {}, status: "Success", code: 201 } as const;
  return { kind: "status", code: 201, status, warnings: warningsOf(call) };
}

function validate(binding: Binding): void {
  const found = [];
  const target = root("target");
  const kind = binding.target?.kind ?? "";
  if (kind !== "" && kind !== "Node")
    found.push(fieldError.notSupported(target.child("kind"), kind, ["Node", "<empty>"]));
  if (!binding.target?.name) found.push(fieldError.required(target.child("name"), ""));
  if (found.length > 0) throw errors.invalid(bindingType, binding.metadata.name ?? "", found);
}

function boundPod(pod: Pod, binding: Binding, name: string, now: string): Pod {
  const { uid, resourceVersion, annotations, labels } = binding.metadata;
  const { metadata, spec = {} } = pod;
  const refuse = (why: string) => errors.conflict(bindingResource, name, why);
  if (uid && uid !== metadata.uid) {
    throw refuse(`Precondition failed: UID in precondition: ${uid}, UID in object meta: ${metadata.uid}`);
  }
  if (resourceVersion && resourceVersion !== metadata.resourceVersion) throw refuse(staleMessage);
  if (metadata.deletionTimestamp !== undefined) {
    throw refuse(`pod ${name} is being deleted, cannot be assigned to a host`);
  }
  if (spec.nodeName) throw refuse(`pod ${name} is already assigned to node ${JSON.stringify(spec.nodeName)}`);
  if (spec.schedulingGates?.length) throw refuse(`pod ${name} has non-empty .spec.schedulingGates`);
  return {
    ...pod,
    metadata: {
      ...metadata,
      ...(annotations && { annotations: { ...metadata.annotations, ...annotations } }),
      ...(labels && { labels: { ...metadata.labels, ...labels } }),
    },
    spec: { ...spec, nodeName: binding.target?.name },
    status: { ...pod.status, conditions: scheduled(pod.status?.conditions ?? [], now) },
  };
}

function scheduled(conditions: readonly PodCondition[], now: string): PodCondition[] {
  const condition = { type: "PodScheduled", status: "True", lastProbeTime: null, lastTransitionTime: now };
  return [...conditions.filter((other) => other.type !== "PodScheduled"), condition];
}
