import type { CustomResourceDefinition, JSONSchemaProps } from "../../types/index.ts";
import { childrenOf } from "./schema-node.ts";

/** Without dashes, as formats are compared. */
const textFormats: ReadonlySet<string> = new Set(
  (
    "bsonobjectid uri email hostname ipv4 ipv6 cidr mac uuid uuid3 uuid4 uuid5 isbn isbn10 isbn13 creditcard ssn " +
    "hexcolor rgbcolor byte password date duration datetime quantity k8sshortname k8slongname"
  ).split(" "),
);

/** Formats that mean nothing to the server; what an older object has is not warned of again. */
export function formatWarnings(definition: CustomResourceDefinition, old?: CustomResourceDefinition): string[] {
  const known = old ? unrecognizedFormats(old) : new Set<string>();
  const fresh = [...unrecognizedFormats(definition)].filter((format) => !known.has(format));
  return fresh.map((format) => `unrecognized format ${JSON.stringify(format)}`);
}

function unrecognizedFormats({ spec }: CustomResourceDefinition): Set<string> {
  const found = new Set<string>();
  for (const { schema } of spec.versions ?? []) if (schema?.openAPIV3Schema) collect(schema.openAPIV3Schema, found);
  return found;
}

function collect(schema: JSONSchemaProps, found: Set<string>): void {
  if (schema.format && !isRecognized(schema.format, schema.type)) found.add(schema.format);
  for (const [, , child] of childrenOf(schema)) collect(child, found);
}

function isRecognized(format: string, type: string | undefined): boolean {
  if (type === "integer") return format === "int32" || format === "int64";
  if (type === "number") return format === "float" || format === "double";
  return (!type || type === "string") && textFormats.has(format.replaceAll("-", ""));
}
