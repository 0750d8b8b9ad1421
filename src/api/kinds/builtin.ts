import { parseApiVersion } from "../meta/index.ts";
import type { ObjectShape } from "../schema/index.ts";
import { shapeOf } from "../schema/index.ts";
import { conversionOf } from "./conversion.ts";
import { resources as resourcesText } from "./generated/resources.ts";
import { completeStrategy } from "./generic.ts";
import type { ResourceKind, Strategy, Subresource } from "./kind.ts";
import { storageApiVersionOf, storagePrefixOf } from "./storage-layout.ts";
import { ownStrategyOf } from "./strategies.ts";
import { compareVersions } from "./version-order.ts";

/** A resource as the generated table writes it; `v` is an index into the table's lists of verbs. */
interface CompactResource {
  readonly n: string;
  readonly k: string;
  readonly s: string;
  readonly ns: 0 | 1;
  readonly v: number;
  readonly sn?: readonly string[];
  readonly c?: readonly string[];
  readonly h?: string;
  readonly sub?: readonly CompactSubresource[];
}

interface CompactSubresource {
  readonly n: string;
  readonly k: string;
  readonly v: number;
  readonly g?: string;
  readonly ver?: string;
}

interface CompactTable {
  readonly verbs: readonly (readonly string[])[];
  readonly resources: Readonly<Record<string, readonly CompactResource[]>>;
}

/** The order in which discovery lists the groups. */
const groupOrder = [
  "",
  "apiregistration.k8s.io",
  "apps",
  "events.k8s.io",
  "authentication.k8s.io",
  "authorization.k8s.io",
  "autoscaling",
  "batch",
  "certificates.k8s.io",
  "networking.k8s.io",
  "policy",
  "rbac.authorization.k8s.io",
  "storage.k8s.io",
  "admissionregistration.k8s.io",
  "apiextensions.k8s.io",
  "scheduling.k8s.io",
  "coordination.k8s.io",
  "node.k8s.io",
  "discovery.k8s.io",
  "resource.k8s.io",
  "flowcontrol.apiserver.k8s.io",
  "internal.apiserver.k8s.io",
  "storagemigration.k8s.io",
];

let builtin: readonly ResourceKind[] | undefined;

/** Every resource that is served without custom resource definitions, in discovery order. Built when first asked for. */
export function builtinKinds(): readonly ResourceKind[] {
  builtin ??= readTable(JSON.parse(resourcesText) as CompactTable);
  return builtin;
}

function readTable(table: CompactTable): ResourceKind[] {
  const groupVersions = Object.keys(table.resources).sort((a, b) => compareGroupVersions(a, b));
  return groupVersions.flatMap((apiVersion) =>
    (table.resources[apiVersion] ?? []).map((compact) => new BuiltinKind(apiVersion, compact, table.verbs)),
  );
}

function compareGroupVersions(a: string, b: string): number {
  const left = parseApiVersion(a);
  const right = parseApiVersion(b);
  if (left.group === right.group) return compareVersions(left.version, right.version);
  return rank(left.group) - rank(right.group) || (left.group < right.group ? -1 : 1);
}

function rank(group: string): number {
  const index = groupOrder.indexOf(group);
  return index < 0 ? groupOrder.length : index;
}

/** Shape and strategy are looked up when first used: a start touches few of the resources. */
class BuiltinKind implements ResourceKind {
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  readonly kind: string;
  readonly singularName: string;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly namespaced: boolean;
  readonly verbs: readonly string[];
  readonly storageVersionHash: string | undefined;
  readonly subresources: ReadonlyMap<string, Subresource>;
  readonly storagePrefix: string;
  readonly storageApiVersion: string;
  readonly storageVersion: string;
  readonly conversion: ResourceKind["conversion"];
  readonly #apiVersion: string;
  #shape: ObjectShape | undefined;
  #strategy: Strategy | undefined;

  constructor(apiVersion: string, compact: CompactResource, verbs: CompactTable["verbs"]) {
    const { group, version } = parseApiVersion(apiVersion);
    this.#apiVersion = apiVersion;
    this.group = group;
    this.version = version;
    this.resource = compact.n;
    this.kind = compact.k;
    this.singularName = compact.s;
    this.shortNames = compact.sn ?? [];
    this.categories = compact.c ?? [];
    this.namespaced = compact.ns === 1;
    this.verbs = verbs[compact.v] ?? [];
    this.storageVersionHash = compact.h;
    this.subresources = new Map((compact.sub ?? []).map((sub) => [sub.n, subresource(sub, verbs)]));
    this.storagePrefix = storagePrefixOf(group, this.resource);
    this.storageApiVersion = storageApiVersionOf(group, version, this.resource);
    this.storageVersion = parseApiVersion(this.storageApiVersion).version;
    this.conversion = conversionOf(apiVersion, this.storageApiVersion, this.resource);
  }

  get shape(): ObjectShape {
    this.#shape ??= shapeOf(this.#apiVersion, this.kind);
    if (this.#shape === undefined) throw new Error(`no shape is published for ${this.#apiVersion} ${this.kind}`);
    return this.#shape;
  }

  get strategy(): Strategy {
    this.#strategy ??= completeStrategy(ownStrategyOf(this.group, this.version, this.resource), {
      hasStatus: this.subresources.has("status"),
      shape: () => this.shape,
    });
    return this.#strategy;
  }
}

function subresource(compact: CompactSubresource, verbs: CompactTable["verbs"]): Subresource {
  return {
    name: compact.n,
    kind: compact.k,
    ...(compact.g !== undefined && { group: compact.g }),
    ...(compact.ver !== undefined && { version: compact.ver }),
    verbs: verbs[compact.v] ?? [],
  };
}
