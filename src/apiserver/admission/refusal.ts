import { type ApiError, errors } from "../../api/meta/index.ts";
import type { Attributes } from "./admission.ts";

/** 403 in the original's words: `pods "x" is forbidden: why`. */
export function refuse(attributes: Attributes, why: string): ApiError {
  const { group, resource } = attributes.kind;
  const metadata = (attributes.object ?? attributes.old)?.metadata;
  const name = attributes.name || metadata?.name || metadata?.generateName || "Unknown";
  return errors.forbidden({ group, resource }, name, why);
}
