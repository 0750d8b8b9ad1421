import type { SubresourceStrategy } from "../../api/kinds/index.ts";
import { cloneJson, deepEqual, errors, fieldError, type KubeObject, semanticEqual } from "../../api/meta/index.ts";
import { withLiveTimestamps } from "../../api/patch/index.ts";
import type { Entry } from "../../store/index.ts";
import type { Attributes } from "../admission/index.ts";
import type { ApiResponse } from "../request.ts";
import { deleteObject, putObject } from "./commit.ts";
import { type Call, type HandlerContext, type Reservation, warn, warningsOf } from "./context.ts";
import { createAttributes, createFrom, isNamespace } from "./create.ts";
import { decodeBody } from "./decode.ts";
import { KeyLocks } from "./key-locks.ts";
import { objectKey, requiredName } from "./keys.ts";
import { managedByUpdate } from "./managed-fields.ts";
import { dedupOwners, matchNamespace, matchURL, validateMetadataUpdate } from "./metadata.ts";
import { answered, fromStorage, ownKind } from "./versions.ts";

/** How often a change is made anew on the newest version before the client is told of the conflict. */
const updateAttemptsMax = 5;

export const staleMessage =
  "the object has been modified; please apply your changes to the latest version and try again";

/** How an update makes the new object out of the old one. */
export interface Change {
  /** A draft without anything shared that it changes, managed fields included. `existing` is undefined for a create. */
  next(existing: KubeObject | undefined): KubeObject;
  /** A name that does not exist is created. */
  readonly mayCreate: boolean;
  /** Beside the rules of the subresource that the request names. */
  readonly uid?: string;
  /** What admission sees instead of the object. Default: the object itself. */
  readonly view?: ObjectView;
}

/** Another object that stands for one. */
export interface ObjectView {
  /** Nothing of it is shared with the object. */
  of(object: KubeObject): KubeObject;
  /** The draft with what was changed of its view. */
  withView(draft: KubeObject, view: KubeObject): KubeObject;
}

type Answer = ApiResponse & { kind: "object" };

/** One registry of waiting writers for each store. */
const locks = new WeakMap<object, KeyLocks>();

export function locksOf(ctx: HandlerContext): KeyLocks {
  let found = locks.get(ctx.store);
  if (found === undefined) {
    found = new KeyLocks();
    locks.set(ctx.store, found);
  }
  return found;
}

/** PUT on an object or one of its subresources that are parts of it. */
export async function update(ctx: HandlerContext, call: Call): Promise<ApiResponse> {
  const { request, kind } = call;
  const name = requiredName(request);
  const body = decodeBody(ctx, call);
  matchURL(body.metadata, name, request.namespace);
  matchNamespace(kind, body.metadata, request.namespace);
  let untouched = body;
  return changeObject(ctx, call, {
    mayCreate: !request.subresource && (kind.strategy.allowCreateOnUpdate ?? false),
    uid: body.metadata.uid,
    next(existing) {
      // Drafts are changed on their way: a further attempt needs the body as it came.
      const draft = untouched;
      untouched = cloneJson(draft);
      return managedByUpdate(ctx, call, draft, existing);
    },
  });
}

/** Reads, changes and writes one object, anew when somebody else was faster. */
export async function changeObject(ctx: HandlerContext, call: Call, change: Change): Promise<Answer> {
  const key = objectKey(call.kind, call.request.namespace, requiredName(call.request));
  return locksOf(ctx).run(key, async () => {
    for (let attempt = 1; attempt <= updateAttemptsMax; attempt++) {
      const answer = await attemptChange(ctx, call, change, key);
      if (answer !== undefined) return answer;
    }
    throw errors.conflict(call.kind, requiredName(call.request), staleMessage);
  });
}

/** Undefined when somebody else was faster. */
async function attemptChange(
  ctx: HandlerContext,
  call: Call,
  change: Change,
  key: string,
): Promise<Answer | undefined> {
  const { kind, request } = call;
  const name = requiredName(request);
  const entry = await ctx.store.get(key);
  if (entry === undefined) {
    if (!change.mayCreate) throw errors.notFound(kind, name);
    // Who names a UID means an object that there was: it is not made anew.
    if (request.verb === "update" && change.uid) throw uidMismatch(call, key, change.uid, undefined);
    const draft = change.next(undefined);
    matchNamespace(kind, draft.metadata, request.namespace);
    return createFrom(ctx, { ...call }, draft);
  }
  const existing = fromStorage(kind, entry.object);
  let draft = change.next(existing);
  const { view } = change;
  if (change.uid && change.uid !== existing.metadata.uid) throw uidMismatch(call, key, change.uid, existing);
  const ownersWarning = dedupOwners(draft);
  if (ownersWarning !== undefined) warn(call, ownersWarning);
  if (view === undefined) await ctx.admission.admit(updateAttributes(call, draft, existing));
  else draft = await admitView(ctx, call, view, draft, existing);
  dedupOwners(draft);
  checkResourceVersion(call, draft, existing, name);
  return writeChange(ctx, call, key, draft, entry, existing, view);
}

async function admitView(
  ctx: HandlerContext,
  call: Call,
  view: ObjectView,
  draft: KubeObject,
  existing: KubeObject,
): Promise<KubeObject> {
  const shown = view.of(draft);
  await ctx.admission.admit(updateAttributes(call, shown, view.of(existing)));
  return view.withView(draft, shown);
}

async function writeChange(
  ctx: HandlerContext,
  call: Call,
  key: string,
  draft: KubeObject,
  entry: Entry,
  existing: KubeObject,
  view: ObjectView | undefined,
): Promise<Answer | undefined> {
  const { dryRun } = call;
  const part = partOf(call);
  prepareUpdate(ctx, call, part, draft, existing);
  const reservation = await beforeUpdate(ctx, call, draft, existing);
  const waiting: ((written: boolean) => void)[] = [];
  let settled = false;
  try {
    validateUpdate(call, part, draft, existing);
    const attributes =
      view === undefined
        ? updateAttributes(call, draft, existing)
        : updateAttributes(call, view.of(draft), view.of(existing));
    await ctx.admission.validate({ ...attributes, onSettled: (done) => waiting.push(done) });
    if (dryRun) return { kind: "object", code: 200, object: draft, warnings: warningsOf(call) };
    if (deletesNow(draft, existing)) return await deleteChanged(ctx, call, key, draft, entry);
    const result = await putChanged(ctx, call, key, draft, entry, existing, reservation);
    settled = result !== undefined;
    return result;
  } finally {
    if (settled) reservation?.settle();
    else reservation?.release();
    for (const done of waiting) done(settled);
  }
}

async function beforeUpdate(
  ctx: HandlerContext,
  call: Call,
  draft: KubeObject,
  old: KubeObject,
): Promise<Reservation | undefined> {
  if (call.request.subresource) return undefined;
  const { kind, dryRun } = call;
  return ctx.companions.get(kind.storagePrefix)?.beforeUpdate?.({ kind, draft, old, dryRun });
}

async function putChanged(
  ctx: HandlerContext,
  call: Call,
  key: string,
  draft: KubeObject,
  entry: Entry,
  existing: KubeObject,
  reservation: Reservation | undefined,
): Promise<Answer | undefined> {
  const { kind } = call;
  // What changes nothing is not written: the resource version stays, and no watcher hears of it. Unless it is stored in a
  // form of the past: so `kubectl replace` with what is there encrypts with the present key.
  const next = withLiveTimestamps(draft, existing);
  if (!entry.isStale && !reservation?.operations?.length && deepEqual(next, existing)) {
    return { kind: "object", code: 200, ...answered(kind, entry), warnings: warningsOf(call) };
  }
  const written = await putObject(ctx, kind, key, next, entry.revision, reservation);
  if (!("entry" in written)) return undefined;
  return { kind: "object", code: 200, ...answered(kind, written.entry), warnings: warningsOf(call) };
}

/** The last finalizer of an object that is being deleted has gone: so does the object. */
async function deleteChanged(
  ctx: HandlerContext,
  call: Call,
  key: string,
  draft: KubeObject,
  entry: Entry,
): Promise<Answer | undefined> {
  const { kind } = call;
  const beside = await ctx.companions.get(kind.storagePrefix)?.beforeDelete?.(kind, draft);
  const deleted = await deleteObject(ctx, key, entry.revision, beside);
  if (!("entry" in deleted)) return undefined;
  const object = { ...draft, metadata: { ...draft.metadata, resourceVersion: String(deleted.entry.revision) } };
  return { kind: "object", code: 200, object, warnings: warningsOf(call) };
}

function deletesNow(draft: KubeObject, existing: KubeObject): boolean {
  if (draft.metadata.finalizers?.length) return false;
  const { deletionTimestamp, deletionGracePeriodSeconds } = existing.metadata;
  if (deletionTimestamp === undefined || (deletionGracePeriodSeconds ?? 0) > 0) return false;
  return !hasSpecFinalizers(draft);
}

/** Namespaces have finalizers of their own in the spec. */
function hasSpecFinalizers(object: KubeObject): boolean {
  if (object.kind !== "Namespace" || object.apiVersion !== "v1") return false;
  const spec = (object as KubeObject & { spec?: { finalizers?: string[] } }).spec;
  return (spec?.finalizers?.length ?? 0) > 0;
}

function checkResourceVersion(call: Call, draft: KubeObject, existing: KubeObject, name: string): void {
  const { kind } = call;
  const wanted = draft.metadata.resourceVersion ?? "";
  if (wanted === "" || wanted === "0") {
    if (kind.strategy.allowUnconditionalUpdate === false) throw resourceVersionMissing(call, name);
    draft.metadata.resourceVersion = existing.metadata.resourceVersion;
  } else if (wanted !== existing.metadata.resourceVersion) {
    throw errors.conflict(kind, name, staleMessage);
  }
}

function resourceVersionMissing(call: Call, name: string): Error {
  const { group, resource } = call.kind;
  const found = fieldError.invalid("metadata.resourceVersion", 0, "must be specified for an update");
  return errors.invalid({ group, kind: resource }, name, [found]); // the original names the resource as the kind
}

/** What the original's BeforeUpdate does, in two steps: what companions allocate is validated with the rest. */
function prepareUpdate(
  ctx: HandlerContext,
  call: Call,
  part: SubresourceStrategy | undefined,
  draft: KubeObject,
  old: KubeObject,
): void {
  const { kind, request } = call;
  const { strategy } = kind;
  keepSystemFields(draft, old);
  matchNamespace(kind, draft.metadata, request.namespace);
  if (part === undefined) strategy.prepareForUpdate?.(draft, old, ctx.host.clock.now());
  else part.prepareForUpdate(draft, old);
  if (strategy.hasGeneration && !sameContent(draft, old))
    draft.metadata.generation = (old.metadata.generation ?? 0) + 1;
}

function validateUpdate(call: Call, part: SubresourceStrategy | undefined, draft: KubeObject, old: KubeObject): void {
  const { kind } = call;
  const { strategy } = kind;
  const found = validateMetadataUpdate(kind, draft.metadata, old.metadata);
  const validate = part === undefined ? strategy.validateUpdate : part.validateUpdate;
  if (validate) found.push(...validate(draft, old));
  if (found.length > 0) throw errors.invalid(ownKind(kind), draft.metadata.name ?? "", found);
  if (part === undefined) for (const text of strategy.warnings?.(draft, old) ?? []) warn(call, text);
}

/** The rules of the subresource; undefined for the whole. Scaling is an update of the whole, by another view. */
function partOf(call: Call): SubresourceStrategy | undefined {
  const { subresource } = call.request;
  if (!subresource || subresource === "scale") return undefined;
  const part = call.kind.strategy.updates?.[subresource];
  if (part === undefined) throw errors.methodNotSupported(call.kind, "update");
  return part;
}

function keepSystemFields(draft: KubeObject, old: KubeObject): void {
  const { metadata } = draft;
  const before = old.metadata;
  if (before.generation === undefined) delete metadata.generation;
  else metadata.generation = before.generation;
  if (!metadata.uid) metadata.uid = before.uid;
  metadata.creationTimestamp = before.creationTimestamp;
  if (before.deletionTimestamp === undefined) delete metadata.deletionTimestamp;
  else metadata.deletionTimestamp = before.deletionTimestamp;
  if (before.deletionGracePeriodSeconds === undefined) delete metadata.deletionGracePeriodSeconds;
  else metadata.deletionGracePeriodSeconds ??= before.deletionGracePeriodSeconds;
  delete metadata.selfLink;
}

/** Whether nothing outside metadata and status differs. */
function sameContent(draft: KubeObject, old: KubeObject): boolean {
  const a = draft as KubeObject & Record<string, unknown>;
  const b = old as KubeObject & Record<string, unknown>;
  for (const field in a) if (isContent(field) && !semanticEqual(a[field], b[field])) return false;
  for (const field in b) if (isContent(field) && !(field in a) && !semanticEqual(undefined, b[field])) return false;
  return true;
}

function isContent(field: string): boolean {
  return field !== "metadata" && field !== "status" && field !== "apiVersion" && field !== "kind";
}

function updateAttributes(call: Call, draft: KubeObject, old: KubeObject): Attributes {
  const attributes = createAttributes(call, draft, old);
  const namespace = isNamespace(call) ? requiredName(call.request) : attributes.namespace;
  return { ...attributes, operation: "UPDATE", namespace };
}

function uidMismatch(call: Call, key: string, wanted: string, existing: KubeObject | undefined): Error {
  const detail = `Precondition failed: UID in precondition: ${wanted}, UID in object meta: ${existing?.metadata.uid ?? ""}`;
  const message = `StorageError: invalid object, Code: 4, Key: ${key}, ResourceVersion: 0, AdditionalErrorMsg: ${detail}`;
  return errors.conflict(call.kind, requiredName(call.request), message);
}
