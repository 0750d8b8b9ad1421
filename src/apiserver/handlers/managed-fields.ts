import type { ResourceKind } from "../../api/kinds/index.ts";
import {
  cloneJson,
  formatApiVersion,
  formatTime,
  type JsonObject,
  type KubeObject,
  type ManagedFieldsEntry,
} from "../../api/meta/index.ts";
import { type Convert, updateManagedFields } from "../../api/patch/index.ts";
import type { ApiRequest } from "../request.ts";
import type { Call, HandlerContext } from "./context.ts";

const userAgentLengthMax = 128;

/** Who a request is, for managedFields: what it says, else the program's name in its user agent. */
export function managerOf(request: ApiRequest): string {
  if (request.options.fieldManager) return request.options.fieldManager;
  const program = (request.userAgent ?? "").split("/")[0] ?? "";
  return program.slice(0, userAgentLengthMax) || "unknown";
}

/** The facts about ownership that every kind of write has in common. */
export function ownershipFacts(ctx: HandlerContext, call: Call) {
  const { kind, request } = call;
  const subresource = request.subresource ?? "";
  return {
    manager: managerOf(request),
    subresource: subresource === "" ? undefined : subresource,
    apiVersion: formatApiVersion(kind),
    timestamp: formatTime(ctx.host.clock.now()),
    shape: kind.shape,
    resetFields: kind.strategy.resetFields?.[subresource],
    convert: isConverted(ctx, kind) ? converter(ctx, kind) : undefined,
  };
}

/** The draft with the managedFields that it has after this create, update or patch (other than apply). */
export function managedByUpdate(
  ctx: HandlerContext,
  call: Call,
  draft: KubeObject,
  live: KubeObject | undefined,
): KubeObject {
  setManagedFields(draft, updateManagedFields({ ...ownershipFacts(ctx, call), live, next: draft }));
  return draft;
}

export function setManagedFields(draft: KubeObject, entries: ManagedFieldsEntry[] | undefined): void {
  if (entries === undefined || entries.length === 0) delete draft.metadata.managedFields;
  else draft.metadata.managedFields = entries;
}

/** Who owned fields in a version that another server converts is taken to have owned those of the same name. */
function isConverted(ctx: HandlerContext, kind: ResourceKind): boolean {
  if (kind.conversion?.isRemote) return false;
  return kind.conversion !== undefined || hasOtherVersions(ctx, kind);
}

function hasOtherVersions(ctx: HandlerContext, kind: ResourceKind): boolean {
  return ctx.kinds.versions(kind.group).length > 1;
}

function converter(ctx: HandlerContext, kind: ResourceKind): Convert {
  return (object, apiVersion) => {
    const target = ctx.kinds.byApiVersionKind(apiVersion, kind.kind);
    if (target === undefined || target.storagePrefix !== kind.storagePrefix) return undefined;
    if (target === kind) return { object, shape: kind.shape };
    const copy = cloneJson(object) as JsonObject & KubeObject;
    const stored = kind.conversion === undefined ? copy : kind.conversion.toStorage(copy);
    const served = target.conversion === undefined ? stored : target.conversion.fromStorage(stored);
    return { object: served as KubeObject & JsonObject, shape: target.shape };
  };
}
