import type { ResourceKind } from "../../api/kinds/index.ts";
import {
  errors,
  type FieldError,
  type FieldPath,
  fieldError,
  isDNS1123Label,
  isDNS1123Subdomain,
  isPathSegmentName,
  isQualifiedName,
  isValidLabelValue,
  type KubeObject,
  type ObjectMeta,
  type OwnerReference,
  root,
} from "../../api/meta/index.ts";

const metadata = root("metadata");
const namePath = metadata.child("name");
const generateNamePath = metadata.child("generateName");
const namespacePath = metadata.child("namespace");
const labelsPath = metadata.child("labels");
const annotationsPath = metadata.child("annotations");
const ownersPath = metadata.child("ownerReferences");
const finalizersPath = metadata.child("finalizers");
const generationPath = metadata.child("generation");

const annotationsBytesMax = 256 * 1024;

/** Everything that is wrong with the metadata of an object, whatever its kind. */
export function validateMetadata(kind: ResourceKind, meta: ObjectMeta): FieldError[] {
  const found: FieldError[] = [];
  validateName(kind, meta, found);
  validateNamespace(kind, meta, found);
  if (meta.generation !== undefined && meta.generation < 0) {
    found.push(fieldError.invalid(generationPath, meta.generation, "must be non-negative"));
  }
  if (meta.labels) validateLabels(meta.labels, labelsPath, found);
  if (meta.annotations) validateAnnotations(meta.annotations, found);
  if (meta.ownerReferences) validateOwners(meta.ownerReferences, found);
  if (meta.finalizers) validateFinalizers(meta.finalizers, needsDomains(kind), found);
  return found;
}

function validateName(kind: ResourceKind, meta: ObjectMeta, found: FieldError[]): void {
  const check = kind.strategy.validateName ?? isDNS1123Subdomain;
  if (meta.generateName) {
    // A prefix may end in a dash: what is generated goes on after it.
    const prefix = meta.generateName.length > 1 ? meta.generateName.replace(/-$/, "a") : meta.generateName;
    for (const message of check(prefix, true)) {
      found.push(fieldError.invalid(generateNamePath, meta.generateName, message));
    }
  }
  if (!meta.name) {
    found.push(fieldError.required(namePath, "name or generateName is required"));
    return;
  }
  const messages = check(meta.name, false);
  for (const message of messages) found.push(fieldError.invalid(namePath, meta.name, message));
  if (messages.length > 0) return;
  for (const message of isPathSegmentName(meta.name)) found.push(fieldError.invalid(namePath, meta.name, message));
}

function validateNamespace(kind: ResourceKind, meta: ObjectMeta, found: FieldError[]): void {
  const namespace = meta.namespace ?? "";
  if (!kind.namespaced) {
    if (namespace !== "") found.push(fieldError.forbidden(namespacePath, "not allowed on this type"));
    return;
  }
  if (namespace === "") {
    found.push(fieldError.required(namespacePath, ""));
    return;
  }
  for (const message of isDNS1123Label(namespace)) found.push(fieldError.invalid(namespacePath, namespace, message));
}

export function validateLabels(labels: Readonly<Record<string, string>>, path: FieldPath, found: FieldError[]): void {
  for (const key in labels) {
    for (const message of isQualifiedName(key)) found.push(fieldError.invalid(path, key, message));
    const value = labels[key] ?? "";
    for (const message of isValidLabelValue(value)) found.push(fieldError.invalid(path, value, message));
  }
}

function validateAnnotations(annotations: Readonly<Record<string, string>>, found: FieldError[]): void {
  let size = 0;
  for (const key in annotations) {
    for (const message of isQualifiedName(key.toLowerCase())) {
      found.push(fieldError.invalid(annotationsPath, key, message));
    }
    size += Buffer.byteLength(key) + Buffer.byteLength(annotations[key] ?? "");
  }
  if (size > annotationsBytesMax) found.push(fieldError.tooLong(annotationsPath, "", annotationsBytesMax));
}

function validateOwners(owners: readonly OwnerReference[], found: FieldError[]): void {
  let controller: OwnerReference | undefined;
  for (const owner of owners) {
    validateOwner(owner, found);
    if (owner.controller !== true) continue;
    if (controller !== undefined) {
      const detail = `Only one reference can have Controller set to true. Found "true" in references for ${controller.kind} "${controller.name}" and ${owner.kind} "${owner.name}"`;
      found.push(fieldError.invalid(ownersPath, owners, detail));
    }
    controller = owner;
  }
}

function validateOwner(owner: OwnerReference, found: FieldError[]): void {
  const fields = [
    ["apiVersion", "version"],
    ["kind", "kind"],
    ["name", "name"],
    ["uid", "uid"],
  ] as const;
  for (const [field, label] of fields) {
    const value = owner[field] ?? "";
    if (value === "") found.push(fieldError.invalid(ownersPath.child(field), value, `${label} must not be empty`));
  }
  if (owner.apiVersion === "v1" && owner.kind === "Event") {
    found.push(fieldError.invalid(ownersPath, owner, `/v1, Kind=${owner.kind} is disallowed from being an owner`));
  }
}

const standardFinalizers: ReadonlySet<string> = new Set(["kubernetes", "orphan", "foregroundDeletion"]);

/** Groups that are no part of the old core: their finalizers need no domain, as the one of custom resource definitions has none. */
const plainlyNamed: ReadonlySet<string> = new Set([
  "admissionregistration.k8s.io",
  "apiextensions.k8s.io",
  "apiregistration.k8s.io",
  "coordination.k8s.io",
]);

/** Custom resources, which alone say themselves how they are decoded, need none either. */
function needsDomains(kind: ResourceKind): boolean {
  return kind.decode === undefined && !plainlyNamed.has(kind.group);
}

function validateFinalizers(finalizers: readonly string[], needsDomain: boolean, found: FieldError[]): void {
  finalizers.forEach((finalizer, index) => {
    const messages = isQualifiedName(finalizer);
    for (const message of messages) found.push(fieldError.invalid(finalizersPath, finalizer, message));
    if (needsDomain && messages.length === 0 && !finalizer.includes("/") && !standardFinalizers.has(finalizer)) {
      const detail = "name is neither a standard finalizer name nor is it fully qualified";
      found.push(fieldError.invalid(finalizersPath.index(index), finalizer, detail));
    }
  });
  if (finalizers.includes("orphan") && finalizers.includes("foregroundDeletion")) {
    const detail = "finalizer orphan and foregroundDeletion cannot be both set";
    found.push(fieldError.invalid(finalizersPath, finalizers, detail));
  }
}

const immutableFields = [
  "name",
  "namespace",
  "uid",
  "creationTimestamp",
  "deletionTimestamp",
  "deletionGracePeriodSeconds",
] as const;

/** What an update may not change in the metadata. */
export function validateMetadataUpdate(kind: ResourceKind, next: ObjectMeta, old: ObjectMeta): FieldError[] {
  const found = validateMetadata(kind, next);
  // The original checks these with the metadata and again with what may change, and reports both.
  if (next.labels) validateLabels(next.labels, labelsPath, found);
  if (next.annotations) validateAnnotations(next.annotations, found);
  if (next.ownerReferences) validateOwners(next.ownerReferences, found);
  if (old.deletionTimestamp !== undefined) validateNoNewFinalizers(next, old, found);
  for (const field of immutableFields) {
    if ((next[field] ?? undefined) !== (old[field] ?? undefined)) {
      found.push(fieldError.invalid(metadata.child(field), next[field] ?? null, "field is immutable"));
    }
  }
  if ((next.generation ?? 0) < (old.generation ?? 0)) {
    found.push(fieldError.invalid(generationPath, next.generation ?? 0, "must not be decremented"));
  }
  return found;
}

function validateNoNewFinalizers(next: ObjectMeta, old: ObjectMeta, found: FieldError[]): void {
  const fresh = (next.finalizers ?? []).filter((finalizer) => !old.finalizers?.includes(finalizer)).sort();
  if (fresh.length === 0) return;
  const list = fresh.map((finalizer) => JSON.stringify(finalizer)).join(", ");
  const detail = `no new finalizers can be added if the object is being deleted, found new finalizers []string{${list}}`;
  found.push(fieldError.forbidden(finalizersPath, detail));
}

/** Puts the request's namespace on an object that names none. @throws ApiError 400 when it names another one. */
export function matchNamespace(kind: ResourceKind, meta: ObjectMeta, requested: string | undefined): void {
  const expected = kind.namespaced ? (requested ?? "") : "";
  const namespace = meta.namespace ?? "";
  if (namespace === expected) return;
  if (expected === "") delete meta.namespace;
  else if (namespace === "") meta.namespace = expected;
  else {
    throw errors.badRequest("the namespace of the provided object does not match the namespace sent on the request");
  }
}

/** An owner that is named twice is kept once; the message is a warning of the original. */
export function dedupOwners(object: KubeObject): string | undefined {
  const owners = object.metadata.ownerReferences;
  if (owners === undefined || owners.length < 2) return undefined;
  const kept: OwnerReference[] = [];
  const duplicated: OwnerReference[] = [];
  for (const owner of owners) {
    const same = kept.some((other) => ownerText(other) === ownerText(owner));
    (same ? duplicated : kept).push(owner);
  }
  if (duplicated.length === 0) return undefined;
  object.metadata.ownerReferences = kept;
  const uids = [...new Set(duplicated.map((owner) => owner.uid))].join(", ");
  return `.metadata.ownerReferences contains duplicate entries; API server dedups owner references in 1.20+, and may reject such requests as early as 1.24; please fix your requests; duplicate UID(s) observed: ${uids}`;
}

function ownerText(owner: OwnerReference): string {
  const { apiVersion, kind, name, uid, controller, blockOwnerDeletion } = owner;
  return JSON.stringify([apiVersion, kind, name, uid, controller ?? null, blockOwnerDeletion ?? null]);
}

/** What a body says of its place must be what the URL says. @throws ApiError 400. */
export function matchURL(metadata: ObjectMeta, name: string, namespace: string | undefined): void {
  if (!metadata.name) {
    throw errors.badRequest(`the name of the object (${name} based on URL) was undeterminable: name must be provided`);
  }
  if (metadata.name !== name) {
    throw errors.badRequest(`the name of the object (${metadata.name}) does not match the name on the URL (${name})`);
  }
  if (namespace && metadata.namespace && metadata.namespace !== namespace) {
    throw errors.badRequest(
      `the namespace of the object (${metadata.namespace}) does not match the namespace on the request (${namespace})`,
    );
  }
}
