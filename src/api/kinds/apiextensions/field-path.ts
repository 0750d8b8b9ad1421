import type { JSONSchemaProps } from "../../types/index.ts";
import { schemaIn } from "./schema-node.ts";

const step = /^(?:\.([A-Za-z_][\w-]*)|\['((?:[^'\\]|\\.)+)'\])/;

/** Whether a path such as `.spec.names['a.b']` leads to a field below the schema; items of lists cannot be named. */
export function isFieldPath(schema: JSONSchemaProps, text: string): boolean {
  let rest = text;
  let node: JSONSchemaProps | undefined = schema;
  while (rest !== "") {
    const found = step.exec(rest);
    const name = found?.[1] ?? found?.[2]?.replace(/\\(.)/g, "$1");
    if (found === null || name === undefined) return false;
    rest = rest.slice(found[0].length);
    node = node.properties?.[name] ?? schemaIn(node.additionalProperties);
    if (node === undefined) return false;
  }
  return true;
}
