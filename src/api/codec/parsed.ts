import type { JsonValue } from "../meta/index.ts";

/** A parsed document, and what strict decoding says against it. */
export interface Parsed {
  readonly value: JsonValue;
  /** Texts such as `duplicate field "spec.replicas"`; of several values of a field the last counts. */
  readonly duplicates: readonly string[];
  /**
   * Of a JSON document with duplicates: all that strict decoding by a type says of it, in the document's order, when these
   * paths are unknown to the type. What is within an unknown field is not looked at.
   */
  readonly problems?: (unknown: ReadonlySet<string>) => string[];
}

/** A text that is no JSON or YAML. The message is the original's own; callers say what they wanted to decode. */
export class MalformedDocument extends Error {}

/**
 * How deep documents may nest. The original stops at 10,000; all who walk objects here recurse, and no object of the
 * API comes near this.
 */
export const maxDepth = 1000;
export const tooDeep = "exceeded max depth";
