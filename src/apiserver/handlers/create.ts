import { ApiError, cloneJson, errors, formatTime, generateName, type KubeObject } from "../../api/meta/index.ts";
import type { Attributes } from "../admission/index.ts";
import type { ApiResponse } from "../request.ts";
import { putObject } from "./commit.ts";
import { type Call, type HandlerContext, type Reservation, type WriteCompanion, warn, warningsOf } from "./context.ts";
import { decodeBody } from "./decode.ts";
import { objectKey } from "./keys.ts";
import { managedByUpdate } from "./managed-fields.ts";
import { dedupOwners, matchNamespace, validateMetadata } from "./metadata.ts";
import { answered, ownKind } from "./versions.ts";

/** How often a generated name that is taken is replaced by another one. */
const generatedNamesMax = 8;
/** How often a create is tried when another API server takes a number (address, port) that was drawn here. */
const drawsMax = 4;

/** POST on a collection. */
export async function create(ctx: HandlerContext, call: Call): Promise<ApiResponse> {
  const draft = decodeBody(ctx, call);
  matchNamespace(call.kind, draft.metadata, call.request.namespace);
  return { ...(await createFrom(ctx, call, managedByUpdate(ctx, call, draft, undefined))), code: 201 };
}

/** The way of a decoded draft into the store, from admission on. */
export async function createFrom(
  ctx: HandlerContext,
  call: Call,
  draft: KubeObject,
): Promise<ApiResponse & { kind: "object" }> {
  const { kind } = call;
  const { metadata } = draft;
  const ownersWarning = dedupOwners(draft);
  if (ownersWarning !== undefined) warn(call, ownersWarning);
  if (kind.resource === "namespaces" && kind.group === "" && !metadata.name && metadata.generateName) {
    metadata.name = generateName(metadata.generateName, ctx.host.random); // its own namespace is its name
  }
  await ctx.admission.admit(createAttributes(call, draft));
  dedupOwners(draft);
  if (metadata.resourceVersion) throw resourceVersionSet();
  delete metadata.resourceVersion;
  const isGenerated = !metadata.name && Boolean(metadata.generateName);
  for (let attempt = 1; ; attempt++) {
    const candidate = isGenerated && attempt < generatedNamesMax ? cloneJson(draft) : draft;
    const created = await createOnce(ctx, call, candidate);
    if (created !== undefined) return created;
    if (!isGenerated) throw errors.alreadyExists(kind, metadata.name ?? "");
    if (attempt === generatedNamesMax) throw generatedNameTaken(call, candidate.metadata.name ?? "");
  }
}

/** Undefined when the name is taken. */
async function createOnce(
  ctx: HandlerContext,
  call: Call,
  draft: KubeObject,
): Promise<(ApiResponse & { kind: "object" }) | undefined> {
  const companion = ctx.companions.get(call.kind.storagePrefix);
  for (let draw = 1; ; draw++) {
    const last = companion === undefined || draw === drawsMax;
    try {
      return await createDrawn(ctx, call, last ? draft : cloneJson(draft), companion);
    } catch (error) {
      if (last || !(error instanceof NumberTaken)) throw error;
    }
  }
}

/** What a companion reserved was taken meanwhile. */
class NumberTaken extends ApiError {}

async function createDrawn(
  ctx: HandlerContext,
  call: Call,
  draft: KubeObject,
  companion: WriteCompanion | undefined,
): Promise<(ApiResponse & { kind: "object" }) | undefined> {
  const { kind, dryRun } = call;
  fillSystemFields(ctx, draft);
  prepare(call, draft);
  const reservation = await companion?.beforeCreate?.({ kind, draft, dryRun });
  const waiting: ((written: boolean) => void)[] = [];
  let settled = false;
  try {
    validate(call, draft);
    await ctx.admission.validate({ ...createAttributes(call, draft), onSettled: (done) => waiting.push(done) });
    const key = objectKey(kind, draft.metadata.namespace, draft.metadata.name ?? "");
    const result = dryRun
      ? await dryCreate(ctx, key, call, draft)
      : await realCreate(ctx, key, call, draft, reservation);
    settled = result !== undefined && !dryRun;
    return result;
  } finally {
    if (settled) reservation?.settle();
    else reservation?.release();
    for (const done of waiting) done(settled);
  }
}

function fillSystemFields(ctx: HandlerContext, draft: KubeObject): void {
  const { metadata } = draft;
  metadata.uid = ctx.host.random.uuid();
  metadata.creationTimestamp = formatTime(ctx.host.clock.now());
  delete metadata.deletionTimestamp;
  delete metadata.deletionGracePeriodSeconds;
  delete metadata.selfLink;
  if (!metadata.name && metadata.generateName) metadata.name = generateName(metadata.generateName, ctx.host.random);
}

/** What the original's BeforeCreate does, in two steps: what companions allocate is validated with the rest. */
function prepare(call: Call, draft: KubeObject): void {
  const { strategy } = call.kind;
  matchNamespace(call.kind, draft.metadata, call.request.namespace);
  if (strategy.hasGeneration) draft.metadata.generation = 1;
  strategy.prepareForCreate?.(draft, call.request.user);
}

function validate(call: Call, draft: KubeObject): void {
  const { kind } = call;
  const { strategy } = kind;
  const found = validateMetadata(kind, draft.metadata);
  if (strategy.validate) found.push(...strategy.validate(draft));
  if (found.length > 0) throw errors.invalid(ownKind(kind), draft.metadata.name ?? "", found);
  for (const text of strategy.warnings?.(draft) ?? []) warn(call, text);
}

async function realCreate(
  ctx: HandlerContext,
  key: string,
  call: Call,
  draft: KubeObject,
  reservation: Reservation | undefined,
): Promise<(ApiResponse & { kind: "object" }) | undefined> {
  const written = await putObject(ctx, call.kind, key, draft, 0, reservation);
  if (!("entry" in written)) {
    if (written.current === undefined) throw new NumberTaken(errors.serverTimeout(call.kind, "create").status); // a companion's compare failed
    return undefined;
  }
  return { kind: "object", code: 201, ...answered(call.kind, written.entry), warnings: warningsOf(call) };
}

async function dryCreate(
  ctx: HandlerContext,
  key: string,
  call: Call,
  draft: KubeObject,
): Promise<(ApiResponse & { kind: "object" }) | undefined> {
  if ((await ctx.store.get(key)) !== undefined) return undefined;
  return { kind: "object", code: 201, object: draft, warnings: warningsOf(call) };
}

export function createAttributes(call: Call, draft: KubeObject, old?: KubeObject): Attributes {
  const { request, kind } = call;
  return {
    operation: "CREATE",
    kind,
    subresource: request.subresource ?? "",
    namespace: kind.namespaced ? (request.namespace ?? "") : isNamespace(call) ? (draft.metadata.name ?? "") : "",
    name: request.name ?? draft.metadata.name ?? "",
    object: draft,
    old,
    user: request.user,
    dryRun: call.dryRun,
    options: request.options,
    deadline: request.deadline,
    warn: (text) => warn(call, text),
    audit: request.audit && ((key, value) => request.audit?.annotate(key, value)),
  };
}

/** A namespace is in itself, as the original sees it. */
export function isNamespace(call: Call): boolean {
  return call.kind.group === "" && call.kind.resource === "namespaces";
}

function resourceVersionSet(): ApiError {
  const message = "resourceVersion should not be set on objects to be created";
  return new ApiError({
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Failure",
    message,
    reason: "",
    code: 500,
  });
}

function generatedNameTaken(call: Call, name: string): ApiError {
  const { group, resource } = call.kind;
  const taken = errors.alreadyExists({ group, resource }, name).status;
  return new ApiError({
    ...taken,
    message: `${taken.message}, the server was not able to generate a unique name for the object`,
    details: { ...taken.details, retryAfterSeconds: 1 },
  });
}
