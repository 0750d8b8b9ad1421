import type { KubeObject } from "../meta/index.ts";
import type { ObjectShape, Shape } from "../schema/index.ts";
import type { Strategy, SubresourceStrategy } from "./kind.ts";

/** What the generic path wants to know of a resource to complete its strategy. */
export interface GenericFacts {
  /** Whether the resource has the subresource `status`. */
  readonly hasStatus: boolean;
  readonly shape: () => ObjectShape | undefined;
}

/** A strategy of a kind, with what only assembling needs. */
export interface KindStrategy extends Strategy {
  /** Status that comes with a create is kept (nodes register themselves with theirs). */
  readonly keepsStatusAtCreate?: boolean;
  /** What may not be owned through the status endpoint beside `spec`. */
  readonly statusResetFields?: readonly string[][];
  /** Updates of status change no metadata (labels, annotations, finalizers, owners). */
  readonly statusKeepsMetadata?: boolean;
}

type Fields = Record<string, unknown>;

/** An object's fields by name: kinds differ, the generic path only moves whole fields. */
function fieldsOf(object: KubeObject): Fields {
  return object as KubeObject & Fields;
}

/** The value that the original writes for a struct nobody set: its fields that are always written, empty. */
export function emptyValue(shape: Shape): unknown {
  if (shape.kind !== "object") return undefined;
  const value: Fields = {};
  for (const field of shape.fields.values()) {
    if (!field.always) continue;
    const empty = emptyFieldValue(field.shape);
    if (empty !== undefined) value[field.name] = empty;
  }
  return value;
}

function emptyFieldValue(shape: Shape): unknown {
  if (shape.kind === "object") return emptyValue(shape);
  if (shape.kind === "list" || shape.kind === "map") return null;
  if (shape.kind !== "scalar") return undefined;
  if (shape.scalar === "string") return "";
  if (shape.scalar === "boolean") return false;
  if (shape.scalar === "int32" || shape.scalar === "int64" || shape.scalar === "number") return 0;
  return null;
}

/** Takes a field over from the old object: also its absence. */
export function restoreField(draft: KubeObject, old: KubeObject, field: string): void {
  const value = fieldsOf(old)[field];
  if (value === undefined) delete fieldsOf(draft)[field];
  else fieldsOf(draft)[field] = value;
}

/** For changes that count although they are not in the spec. The generic path does the same for those that are. */
export function raiseGeneration(draft: KubeObject, old: KubeObject): void {
  draft.metadata.generation = (old.metadata.generation ?? 0) + 1;
}

/** Everything but metadata and status comes from the old object. */
export function restoreAllButStatus(draft: KubeObject, old: KubeObject): void {
  for (const field of Object.keys(draft))
    if (!keptByStatus.has(field) && !(field in old)) delete fieldsOf(draft)[field];
  for (const field of Object.keys(old)) if (!keptByStatus.has(field)) restoreField(draft, old, field);
}

const keptByStatus: ReadonlySet<string> = new Set(["apiVersion", "kind", "metadata", "status"]);

/** Status is a part of its own: creates and updates of the whole leave it alone, updates of status change nothing else. */
export function completeStrategy(given: KindStrategy, facts: GenericFacts): Strategy {
  const own = given.validateUpdate ? given : { ...given, validateUpdate: given.validate };
  if (!facts.hasStatus) return own;
  const status = statusStrategy(own);
  return {
    ...own,
    prepareForCreate(draft, requester) {
      if (!own.keepsStatusAtCreate) resetStatus(draft, facts.shape());
      own.prepareForCreate?.(draft, requester);
    },
    prepareForUpdate(draft, old, now) {
      restoreField(draft, old, "status");
      own.prepareForUpdate?.(draft, old, now);
    },
    updates: { ...own.updates, status },
    resetFields: {
      "": [["status"]],
      status: [["spec"], ...(own.statusKeepsMetadata ? [["metadata"]] : []), ...(own.statusResetFields ?? [])],
      ...own.resetFields,
    },
  };
}

function resetStatus(draft: KubeObject, shape: ObjectShape | undefined): void {
  const field = shape?.fields.get("status");
  if (field?.always) fieldsOf(draft).status = emptyValue(field.shape);
  else delete fieldsOf(draft).status;
}

function statusStrategy(own: KindStrategy): SubresourceStrategy {
  const part = own.updates?.status;
  return {
    prepareForUpdate(draft, old) {
      restoreAllButStatus(draft, old);
      if (own.statusKeepsMetadata) restoreMetadata(draft, old);
      part?.prepareForUpdate(draft, old);
    },
    validateUpdate: part?.validateUpdate,
  };
}

const keptMetadata = ["labels", "annotations", "finalizers", "ownerReferences"] as const;

function restoreMetadata(draft: KubeObject, old: KubeObject): void {
  for (const field of keptMetadata) {
    if (old.metadata[field] === undefined) delete draft.metadata[field];
    else Object.assign(draft.metadata, { [field]: old.metadata[field] });
  }
}
