import type { JsonObject } from "../meta/index.ts";
import { cannotBeHandled, type Decoded, DecodeFailure, type DecodeOptions, decodeObject } from "../schema/index.ts";
import type { ResourceKind } from "./kind.ts";

/** What decoding asks of a kind. */
export type Decoding = Pick<ResourceKind, "shape" | "decode">;

/** A parsed draft as its kind has it: by its shape, or as the kind itself says. @throws ApiError 400 */
export function decodeKind(draft: JsonObject, kind: Decoding, options: DecodeOptions): Decoded {
  if (kind.decode === undefined) return decodeObject(draft, kind.shape, options);
  try {
    return kind.decode(draft, options);
  } catch (err) {
    throw err instanceof DecodeFailure ? cannotBeHandled(draft, kind.shape, err.message) : err;
  }
}
