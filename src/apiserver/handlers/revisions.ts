import { ApiError, errorMessage, errors, fieldError } from "../../api/meta/index.ts";
import { CompactedError, FutureRevisionError, type Revision, type Store } from "../../store/index.ts";

const decimal = /^[0-9]+$/;

/** The revision that a resourceVersion names; undefined for "" (the newest). @throws ApiError 400. */
export function parseRevision(text: string | undefined): Revision | undefined {
  if (text === undefined || text === "") return undefined;
  if (decimal.test(text)) return Number(text);
  const detail = `strconv.ParseUint: parsing ${JSON.stringify(text)}: invalid syntax`;
  const found = fieldError.invalid("resourceVersion", text, detail);
  throw errors.badRequest(`invalid resource version: ${errorMessage(found)}`);
}

const retryFutureAfterSeconds = 1;

/** A revision that has not happened yet: 504, so that the client comes again. */
export function tooLargeRevision(wanted: Revision, current: Revision): ApiError {
  const err = errors.timeout(`Too large resource version: ${wanted}, current: ${current}`, retryFutureAfterSeconds);
  const causes = [{ reason: "ResourceVersionTooLarge", message: "Too large resource version" }];
  return new ApiError({ ...err.status, details: { ...err.status.details, causes } });
}

/** Waits for a revision that another API server may have told of. @throws ApiError 504 when it does not come. */
export async function requireRevision(store: Store, wanted: Revision | undefined): Promise<void> {
  if (wanted === undefined || wanted <= store.revision) return;
  await store.waitFor?.(wanted);
  if (wanted > store.revision) throw tooLargeRevision(wanted, store.revision);
}

/** The API's words for what the store says about a revision that cannot be read. */
export function revisionError(err: unknown, wanted: Revision, current: Revision): unknown {
  if (err instanceof CompactedError)
    return errors.resourceExpired("The resourceVersion for the provided list is too old.");
  if (err instanceof FutureRevisionError) return tooLargeRevision(wanted, current);
  return err;
}
