import { createHash } from "node:crypto";
import type { Conversion, ResourceKind, Strategy, Subresource } from "../../../api/kinds/index.ts";
import { formatApiVersion, type JsonObject, type KubeObject, parseApiVersion } from "../../../api/meta/index.ts";
import { type Decoded, DecodeFailure, type DecodeOptions, type ObjectShape } from "../../../api/schema/index.ts";
import {
  applyDefaults,
  coerceEmbedded,
  coerceMetadata,
  dropNulls,
  shapeOfSchema,
} from "../../../api/structural/index.ts";
import type {
  CustomResourceDefinition,
  CustomResourceSubresources,
  WebhookConversion,
} from "../../../api/types/index.ts";
import { CustomVersion } from "./custom-version.ts";
import { customStrategy } from "./strategy.ts";

const verbs: readonly string[] = ["delete", "deletecollection", "get", "list", "patch", "create", "update", "watch"];
const partVerbs: readonly string[] = ["get", "patch", "update"];

/** The kinds that an established definition makes: one a served version. */
export function customKinds(resource: CustomResource): ResourceKind[] {
  return [...resource.versions.values()]
    .filter((version) => version.definition.served)
    .map((version) => new CustomKind(resource, version));
}

/** What the versions of one custom resource share. */
export class CustomResource {
  readonly definition: CustomResourceDefinition;
  readonly versions: ReadonlyMap<string, CustomVersion>;
  readonly storage: CustomVersion;
  readonly since: number | undefined;
  isTerminating = false;

  /** @param since what is stored at a later revision was written by these versions */
  constructor(definition: CustomResourceDefinition, since?: number) {
    this.definition = definition;
    this.since = since;
    const { group, names, versions, preserveUnknownFields: keepsUnknown = false } = definition.spec;
    const facts = { group, kind: definition.status?.acceptedNames?.kind || names.kind, keepsUnknown };
    this.versions = new Map(versions.map((version) => [version.name, new CustomVersion(facts, version)]));
    const storage = [...this.versions.values()].find((version) => version.definition.storage);
    if (storage === undefined) throw new Error(`${definition.metadata.name} has no storage version`);
    this.storage = storage;
  }
}

export class CustomKind implements ResourceKind {
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  readonly kind: string;
  readonly listKind: string;
  readonly singularName: string;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly namespaced: boolean;
  readonly verbs = verbs;
  readonly storageVersionHash: string;
  readonly subresources: ReadonlyMap<string, Subresource>;
  readonly storagePrefix: string;
  readonly storageVersion: string;
  readonly conversion: StoredForm;
  readonly deprecationWarning?: string;
  readonly #common: CustomResource;
  readonly #own: CustomVersion;
  #shape: ObjectShape | undefined;
  #strategy: Strategy | undefined;

  constructor(resource: CustomResource, own: CustomVersion) {
    const { spec, status } = resource.definition;
    const { plural, singular, shortNames, kind, listKind, categories } = status?.acceptedNames ?? spec.names;
    this.#common = resource;
    this.#own = own;
    this.group = spec.group;
    this.version = own.name;
    this.resource = plural;
    this.kind = kind;
    this.listKind = listKind || `${kind}List`;
    this.singularName = singular ?? "";
    this.shortNames = shortNames ?? [];
    this.categories = categories ?? [];
    this.namespaced = spec.scope === "Namespaced";
    this.storagePrefix = `/registry/${spec.group}/${plural}`;
    this.storageVersion = resource.storage.name;
    this.storageVersionHash = hashOf(`${spec.group}/${resource.storage.name}/${kind}`);
    this.subresources = subresourcesOf(kind, own.definition.subresources);
    const { deprecated, deprecationWarning } = own.definition;
    if (deprecated) {
      this.deprecationWarning = deprecationWarning ?? `${spec.group}/${own.name} ${kind} is deprecated`;
    }
    this.conversion = new StoredForm(resource, own);
  }

  get isTerminating(): boolean {
    return this.#common.isTerminating;
  }

  get shape(): ObjectShape {
    const name = [...this.group.split(".").reverse(), this.version, this.kind].join(".");
    this.#shape ??= shapeOfSchema(this.#own.node, name);
    return this.#shape;
  }

  get strategy(): Strategy {
    this.#strategy ??= customStrategy(this.#own);
    return this.#strategy;
  }

  /** Of a kind whose conversion is remote. */
  get remote(): RemoteFacts {
    return this.conversion.remote(this.#common.definition);
  }

  get openApiSchema(): JsonObject {
    return this.#own.openApiSchema;
  }

  decode(draft: JsonObject, { unknownFields }: DecodeOptions): Decoded {
    const unknown: string[] | undefined = unknownFields === "collect" ? [] : undefined;
    const object = coerced(draft, this.#own, unknown);
    return { object, unknownFields: unknown ?? [] };
  }
}

function subresourcesOf(
  kind: string,
  subresources: CustomResourceSubresources | undefined,
): ReadonlyMap<string, Subresource> {
  const found = new Map<string, Subresource>();
  if (subresources?.status) found.set("status", { name: "status", kind, verbs: partVerbs });
  if (subresources?.scale) {
    found.set("scale", { name: "scale", kind: "Scale", group: "autoscaling", version: "v1", verbs: partVerbs });
  }
  return found;
}

function hashOf(text: string): string {
  return createHash("sha256").update(text).digest().subarray(0, 8).toString("base64");
}

/** An object as the original holds it after decoding: what its schema does not know is left out. @throws DecodeFailure */
function coerced(object: JsonObject, version: CustomVersion, unknown: string[] | undefined): JsonObject {
  const { node } = version;
  const metadata = object.metadata === undefined ? undefined : coerceMetadata(object.metadata, "metadata", unknown);
  const pruned = coerceEmbedded(dropNulls(version.pruned(object, unknown), node), node, unknown);
  if (metadata === undefined || metadata === pruned.metadata) return pruned;
  return { ...pruned, metadata };
}

/** What converting by webhook needs to know of a kind. */
export interface RemoteFacts {
  /** Of the definition. */
  readonly name: string;
  readonly webhook: WebhookConversion;
  readonly apiVersion: string;
  readonly storageApiVersion: string;
  /** A stored or sent object as its own version says. */
  read(object: KubeObject): JsonObject;
  cleanForStorage(object: KubeObject): KubeObject;
}

/** Stored objects in one version. What was stored before the schema changed is read as the schema says now. */
class StoredForm implements Conversion {
  readonly #resource: CustomResource;
  readonly #own: CustomVersion;
  readonly #apiVersion: string;
  readonly #storageApiVersion: string;

  constructor(resource: CustomResource, own: CustomVersion) {
    this.#resource = resource;
    this.#own = own;
    const { group } = resource.definition.spec;
    this.#apiVersion = formatApiVersion({ group, version: own.name });
    this.#storageApiVersion = formatApiVersion({ group, version: resource.storage.name });
  }

  get isRemote(): boolean {
    return this.#resource.definition.spec.conversion?.strategy === "Webhook";
  }

  remote({ metadata, spec }: CustomResourceDefinition): RemoteFacts {
    const { webhook } = spec.conversion ?? {};
    if (webhook === undefined) throw new Error(`${metadata.name} names no conversion webhook`);
    return {
      name: metadata.name ?? "",
      webhook,
      apiVersion: this.#apiVersion,
      storageApiVersion: this.#storageApiVersion,
      read: (object) => {
        const version = this.#versionOf(object);
        return applyDefaults(cleaned(asJson(object), version), version.node);
      },
      cleanForStorage: (object) => cleaned(asJson(object), this.#resource.storage) as JsonObject & KubeObject,
    };
  }

  #versionOf(object: KubeObject): CustomVersion {
    return this.#resource.versions.get(parseApiVersion(object.apiVersion).version) ?? this.#own;
  }

  fromStorage(object: KubeObject): KubeObject {
    if (this.isRemote && this.#own !== this.#resource.storage) {
      return cleaned(asJson(object), this.#own) as JsonObject & KubeObject;
    }
    const stored = this.#versionOf(object);
    const known = applyDefaults(cleaned(asJson(object), stored), stored.node);
    if (stored === this.#own && object.apiVersion === this.#apiVersion) return known as JsonObject & KubeObject;
    return cleaned({ ...known, apiVersion: this.#apiVersion }, this.#own) as JsonObject & KubeObject;
  }

  isKept(revision: number): boolean {
    const { since, storage } = this.#resource;
    return !this.isRemote && since !== undefined && revision > since && storage === this.#own;
  }

  toStorage(draft: KubeObject): KubeObject {
    if (this.isRemote || draft.apiVersion === this.#storageApiVersion) return draft;
    const { storage } = this.#resource;
    return cleaned({ ...asJson(draft), apiVersion: this.#storageApiVersion }, storage) as JsonObject & KubeObject;
  }
}

/** As coerced, for what was taken before: its metadata has been checked. */
function cleaned(object: JsonObject, version: CustomVersion): JsonObject {
  const { node } = version;
  const pruned = dropNulls(version.pruned(object), node);
  try {
    return coerceEmbedded(pruned, node, undefined);
  } catch (error) {
    if (error instanceof DecodeFailure) return pruned;
    throw error;
  }
}

function asJson(object: KubeObject): JsonObject {
  return object as object as JsonObject;
}
