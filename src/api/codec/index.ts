/**
 * Bytes to values and back: JSON and YAML with the original's error texts, duplicate fields and bounds, and the
 * Kubernetes protobuf wire format. What the values mean is left to api/schema.
 */
export type { ParseOptions } from "./json.ts";
export { parseJson } from "./json.ts";
export type { Parsed } from "./parsed.ts";
export { MalformedDocument } from "./parsed.ts";
export * from "./protobuf/index.ts";
export { formatYaml, parseYaml } from "./yaml.ts";
