import { readFileSync } from "node:fs";
import { join } from "node:path";

/** The published OpenAPI v2 document, as far as the generators read it. */
export interface OpenApi {
  definitions: Record<string, Definition>;
}

export interface Definition extends Schema {
  required?: string[];
  properties?: Record<string, Schema>;
  "x-kubernetes-group-version-kind"?: { group: string; version: string; kind: string }[];
  "x-kubernetes-unions"?: unknown;
}

export interface Schema {
  description?: string;
  type?: string;
  format?: string;
  $ref?: string;
  items?: Schema;
  additionalProperties?: Schema;
  "x-kubernetes-list-type"?: string;
  "x-kubernetes-list-map-keys"?: string[];
  "x-kubernetes-map-type"?: string;
  "x-kubernetes-patch-strategy"?: string;
  "x-kubernetes-patch-merge-key"?: string;
}

export interface ProtoField {
  type: string;
  id: number;
  rule?: "repeated";
  keyType?: string;
}

export interface ProtoMessage {
  /** Full name, for example `k8s.io.api.core.v1.Pod`. */
  name: string;
  fields: Record<string, ProtoField>;
}

export interface DiscoveredResource {
  name: string;
  kind: string;
  group?: string;
  version?: string;
  singularName: string;
  namespaced: boolean;
  shortNames?: string[];
  categories?: string[];
  verbs: string[];
  storageVersionHash?: string;
}

export interface Discovery {
  resources: Record<string, DiscoveredResource[]>;
}

export interface Source {
  openApi: OpenApi;
  messages: ReadonlyMap<string, ProtoMessage>;
  discovery: Discovery;
}

interface ProtoNode {
  fields?: Record<string, ProtoField>;
  nested?: Record<string, ProtoNode>;
}

export function readSource(folder: string): Source {
  const read = (file: string) => JSON.parse(readFileSync(join(folder, file), "utf8"));
  const messages = new Map<string, ProtoMessage>();
  collectMessages(read("k8s-proto.json"), "", messages);
  return { openApi: read("openapi-v2.json"), messages, discovery: read("discovery.json") };
}

function collectMessages(node: ProtoNode, prefix: string, into: Map<string, ProtoMessage>): void {
  for (const [name, child] of Object.entries(node.nested ?? {})) {
    if (child.fields) into.set(prefix + name, { name: prefix + name, fields: child.fields });
    collectMessages(child, `${prefix}${name}.`, into);
  }
}

/** `io.k8s.api.core.v1` of `io.k8s.api.core.v1.Pod`. */
export function packageOf(definition: string): string {
  return definition.slice(0, definition.lastIndexOf("."));
}

export function typeOf(definition: string): string {
  return definition.slice(definition.lastIndexOf(".") + 1);
}

/** `k8s.io.kube_aggregator.pkg…` of `io.k8s.kube-aggregator.pkg…`. */
export function protoNameOf(definition: string): string {
  return definition.replace(/^io\.k8s\./, "k8s.io.").replaceAll("-", "_");
}

export function definitionOfProto(message: string): string {
  return message
    .replace(/^k8s\.io\./, "io.k8s.")
    .replace("kube_aggregator", "kube-aggregator")
    .replace("apiextensions_apiserver", "apiextensions-apiserver");
}
