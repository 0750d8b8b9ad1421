import { kinds as kindsText } from "./generated/kinds.ts";
import { packages as published } from "./generated/published.ts";
import { packages as unpublished } from "./generated/unpublished.ts";

/** A field as the generator writes it: type, protobuf number (0: none), attributes. */
export type CompactField = readonly [type: string, protoId: number, attributes?: FieldAttributes];

export interface FieldAttributes {
  readonly r?: 1;
  readonly w?: 1;
  readonly z?: 1;
  readonly l?: "m" | "s";
  readonly k?: readonly string[];
  readonly d?: Readonly<Record<string, string | number>>;
  readonly a?: 1;
  readonly ps?: string;
  readonly pk?: string;
  readonly in?: readonly number[];
  readonly e?: 1;
}

export interface CompactDefinition {
  readonly f: Readonly<Record<string, CompactField>>;
  readonly a?: 1;
  /** No protobuf message. */
  readonly j?: 1;
}

type CompactPackage = Readonly<Record<string, CompactDefinition>>;

const parsedPackages = new Map<string, CompactPackage>();
let parsedKinds: Readonly<Record<string, Readonly<Record<string, string>>>> | undefined;

/** The table entry of a definition such as `io.k8s.api.core.v1.Pod`. */
export function compactDefinition(name: string): CompactDefinition | undefined {
  const dot = name.lastIndexOf(".");
  const pkg = name.slice(0, dot);
  const type = name.slice(dot + 1);
  return own(packageOf(pkg, published), type) ?? own(packageOf(pkg, unpublished), type);
}

function packageOf(pkg: string, from: Readonly<Record<string, string>>): CompactPackage {
  const key = from === published ? pkg : `${pkg}?`;
  let parsed = parsedPackages.get(key);
  if (parsed === undefined) {
    const text = own(from, pkg);
    parsed = text === undefined ? {} : (JSON.parse(text) as CompactPackage);
    parsedPackages.set(key, parsed);
  }
  return parsed;
}

/** apiVersion to kind to definition; `*` holds the kinds that every group version knows. */
export function kindTable(): Readonly<Record<string, Readonly<Record<string, string>>>> {
  parsedKinds ??= JSON.parse(kindsText) as Readonly<Record<string, Readonly<Record<string, string>>>>;
  return parsedKinds;
}

export function definitionOf(apiVersion: string, kind: string): string | undefined {
  const table = kindTable();
  return own(own(table, apiVersion) ?? {}, kind) ?? own(table["*"] ?? {}, kind);
}

/** Names of all published definitions, sorted. */
export function publishedDefinitions(): string[] {
  return Object.keys(published).flatMap((pkg) => Object.keys(packageOf(pkg, published)).map((t) => `${pkg}.${t}`));
}

/** Names come from clients: `constructor` must not be found. */
function own<T>(record: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.hasOwn(record, key) ? record[key] : undefined;
}
