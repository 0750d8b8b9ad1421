// Definitions of custom resources for tests, each in a group of its own.
import type { Api, Json } from "./api.ts";

export const definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";

/** A schema that lets everything pass. */
export const openSchema = { type: "object", "x-kubernetes-preserve-unknown-fields": true };

export interface Defined {
  readonly group: string;
  readonly name: string;
  readonly path: string;
  /** The collection in a version. */
  objects(namespace: string, version?: string): string;
}

export interface DefinitionOptions {
  readonly group?: string;
  /** Default: Foo. */
  readonly kind?: string;
  /** Default: one version v1, served and stored, with an open schema. */
  readonly versions?: readonly Json[];
  readonly labels?: Record<string, string>;
  readonly spec?: Json;
}

let count = 0;

export function versionOf(name: string, schema: Json = openSchema, more: Json = {}): Json {
  return { name, served: true, storage: name === "v1", schema: { openAPIV3Schema: schema }, ...more };
}

export function definitionBody({ kind = "Foo", versions, labels, spec, group }: DefinitionOptions): Json {
  const own = group ?? `test-${count++}.example.com`;
  const plural = `${kind.toLowerCase()}s`;
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `${plural}.${own}`, labels },
    spec: {
      group: own,
      scope: "Namespaced",
      names: { plural, kind },
      versions: versions ?? [versionOf("v1")],
      ...spec,
    },
  };
}

export function isEstablished({ status }: Json): boolean {
  return status?.conditions?.some(({ type, status: is }: Json) => type === "Established" && is === "True") ?? false;
}

/** Creates a definition and waits until its objects are served. */
export async function define(api: Api, options: DefinitionOptions = {}): Promise<Defined> {
  const body = definitionBody(options);
  await api.create(definitions, body);
  const { group, names } = body.spec;
  const path = `${definitions}/${body.metadata.name}`;
  await api.until(path, isEstablished);
  return {
    group,
    name: body.metadata.name,
    path,
    objects: (namespace, version = "v1") => `/apis/${group}/${version}/namespaces/${namespace}/${names.plural}`,
  };
}

export function objectOf({ group }: Defined, name: string, fields: Json = {}, version = "v1", kind = "Foo"): Json {
  return { apiVersion: `${group}/${version}`, kind, metadata: { name }, ...fields };
}
