/**
 * What fields the API's objects have: compact tables generated from the published OpenAPI and protobuf descriptors as
 * shapes, and decoding of parsed JSON by them (type checks, unknown fields, what Go writes or drops when empty).
 */
export type { Decoded, DecodeOptions } from "./decode.ts";
export { cannotBeHandled, decodeObject, decodePart, strictDecodingError, strictProblems } from "./decode.ts";
export { DecodeFailure } from "./failure.ts";
export { givenValue } from "./given-empty.ts";
export type {
  AnyForm,
  AnyShape,
  FieldShape,
  ListShape,
  MapShape,
  ObjectShape,
  Scalar,
  ScalarShape,
  Shape,
} from "./shape.ts";
export { shapeByName, shapeOf } from "./shapes.ts";
export { definitionOf, kindTable, publishedDefinitions } from "./tables.ts";
