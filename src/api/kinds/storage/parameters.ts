import type { FieldError, FieldPath } from "../../meta/index.ts";
import { fieldError } from "../../meta/index.ts";

const parametersMax = 512;
const bytesMax = 256 * 1024;

/** What drivers are told of a class. */
export function checkParameters(
  parameters: Readonly<Record<string, string>> | undefined,
  path: FieldPath,
  out: FieldError[],
): void {
  const entries = Object.entries(parameters ?? {});
  if (entries.length > parametersMax) out.push(fieldError.tooLong(path, "", parametersMax));
  let size = 0;
  for (const [key, value] of entries) {
    if (key === "") out.push(fieldError.invalid(path, key, "field can not be empty."));
    size += Buffer.byteLength(key) + Buffer.byteLength(value);
  }
  if (size > bytesMax) out.push(fieldError.tooLong(path, "", bytesMax));
}
