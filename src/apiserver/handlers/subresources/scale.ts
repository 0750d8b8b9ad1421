import type { ScaleStrategy } from "../../../api/kinds/index.ts";
import {
  cloneJson,
  errors,
  fieldError,
  type KubeObject,
  type ManagedFieldsEntry,
  type ObjectMeta,
  root,
} from "../../../api/meta/index.ts";
import { applyPatch } from "../../../api/patch/index.ts";
import { type ObjectShape, shapeOf } from "../../../api/schema/index.ts";
import type { ApiResponse } from "../../request.ts";
import { type Call, type HandlerContext, warningsOf } from "../context.ts";
import { decodePatched, decodeSubresourceBody } from "../decode.ts";
import { get } from "../get.ts";
import { requiredName } from "../keys.ts";
import { managedByUpdate, managerOf, ownershipFacts } from "../managed-fields.ts";
import { patched } from "../patch.ts";
import { changeObject, staleMessage } from "../update.ts";

type Scale = KubeObject & { spec?: { replicas?: number }; status?: { replicas: number; selector?: string } };

const scaleType = { group: "autoscaling", version: "v1", kind: "Scale" };

/** The scale subresource: how many, whatever kind is scaled. */
export async function scale(ctx: HandlerContext, call: Call): Promise<ApiResponse> {
  const { kind, request } = call;
  const view = kind.strategy.scale;
  if (view === undefined) throw errors.methodNotSupported(kind, request.verb);
  if (request.verb === "get") {
    const answer = await get(ctx, call);
    return answer.kind === "object" ? { ...answer, object: scaleOf(view, answer.object), entry: undefined } : answer;
  }
  const sent = request.verb === "update" ? sentScale(ctx, call) : undefined;
  const answer = await changeObject(ctx, call, {
    mayCreate: false,
    uid: sent?.metadata.uid,
    view: {
      of: (object) => scaleOf(view, object),
      withView(draft, shown: Scale) {
        validate(shown, requiredName(request));
        const replicas = shown.spec?.replicas ?? 0;
        return replicas === view.replicas(draft) ? draft : cloneJson(view.withReplicas(draft, replicas));
      },
    },
    next(existing) {
      if (existing === undefined) throw errors.notFound(kind, requiredName(request));
      const wanted = sent ?? patchedScale(ctx, call, scaleOf(view, existing));
      validate(wanted, requiredName(request));
      return scaled(ctx, call, view, existing, wanted);
    },
  });
  return { kind: "object", code: answer.code, object: scaleOf(view, answer.object), warnings: warningsOf(call) };
}

function sentScale(ctx: HandlerContext, call: Call): Scale {
  const sent: Scale = decodeSubresourceBody(ctx, call, scaleType);
  const name = requiredName(call.request);
  if (!sent.metadata.name) {
    throw errors.badRequest(`the name of the object (${name} based on URL) was undeterminable: name must be provided`);
  }
  if (sent.metadata.name !== name) {
    throw errors.badRequest(
      `the name of the object (${sent.metadata.name}) does not match the name on the URL (${name})`,
    );
  }
  return sent;
}

function patchedScale(ctx: HandlerContext, call: Call, current: Scale): Scale {
  const shape = scaleShape();
  if (call.request.patchType !== "application/apply-patch+yaml") return patched(call, current, { shape });
  const applied = applyPatch({
    ...ownershipFacts(ctx, call),
    manager: managerOf(call.request),
    apiVersion: "autoscaling/v1",
    kind: "Scale",
    resetFields: undefined,
    convert: undefined,
    shape,
    live: current,
    config: call.request.body ?? null,
    force: call.request.options.force ?? false,
  });
  return decodePatched(call, cloneJson(applied.object), { shape }, (why) => errors.badRequest(why));
}

function scaleShape(): ObjectShape {
  const shape = shapeOf("autoscaling/v1", "Scale");
  if (shape === undefined) throw new Error("the shape of Scale is not known");
  return shape;
}

function validate(wanted: Scale, name: string): void {
  const replicas = wanted.spec?.replicas ?? 0;
  if (replicas >= 0) return;
  const found = fieldError.invalid(root("spec", "replicas"), replicas, "must be greater than or equal to 0");
  throw errors.invalid(scaleType, name, [found]);
}

function scaled(ctx: HandlerContext, call: Call, view: ScaleStrategy, existing: KubeObject, wanted: Scale): KubeObject {
  const { resourceVersion } = wanted.metadata;
  if (resourceVersion && resourceVersion !== existing.metadata.resourceVersion) {
    throw errors.conflict(call.kind, requiredName(call.request), staleMessage);
  }
  const draft = cloneJson(view.withReplicas(existing, wanted.spec?.replicas ?? 0));
  return withTimelessScale(managedByUpdate(ctx, call, draft, existing));
}

/** The original loses the time of what is owned through scale, so that these entries come first. */
function withTimelessScale(draft: KubeObject): KubeObject {
  const entries = draft.metadata.managedFields ?? [];
  const isScale = (entry: ManagedFieldsEntry) => entry.subresource === "scale" && entry.operation === "Update";
  const timeless = entries.filter(isScale).map(({ time: _, ...entry }) => entry);
  if (timeless.length === 0) return draft;
  const applied = entries.filter((entry) => entry.operation === "Apply");
  const others = entries.filter((entry) => entry.operation !== "Apply" && !isScale(entry));
  draft.metadata.managedFields = [...applied, ...timeless, ...others];
  return draft;
}

function scaleOf(view: ScaleStrategy, object: KubeObject): Scale {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata;
  const metadata: ObjectMeta = { name, namespace, uid, resourceVersion, creationTimestamp };
  const selector = view.selector(object);
  return {
    kind: "Scale",
    apiVersion: "autoscaling/v1",
    metadata,
    spec: view.replicas(object) === 0 ? {} : { replicas: view.replicas(object) },
    status: { replicas: view.statusReplicas(object), ...(selector !== "" && { selector }) },
  };
}
