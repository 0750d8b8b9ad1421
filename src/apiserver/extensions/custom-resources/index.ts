/**
 * Custom resources: what definitions say becomes kinds of the registry, with everything that a built-in kind has, as long
 * as the definition stands. How values are held to their schemas is api/structural's.
 */
export { Conversions } from "./conversions.ts";
export { type CustomResourceOptions, serveCustomResources } from "./definitions.ts";
export { compileJsonPath, type JsonPath } from "./json-path.ts";
