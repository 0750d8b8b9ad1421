import { isReason } from "../../api/meta/index.ts";
import type { ApiResponse } from "../request.ts";
import type { Call, HandlerContext } from "./context.ts";
import { deleteOne } from "./delete.ts";
import { listAnswer, readPage } from "./list.ts";
import { checkListOptions } from "./options.ts";

/** How many deletions of one collection are under way at once. */
const deletionsAtOnceMax = 16;

/** DELETE on a collection: of what a list with the same options gives. The answer is that list. */
export async function removeCollection(ctx: HandlerContext, call: Call): Promise<ApiResponse> {
  checkListOptions(call.request.options, false);
  const page = await readPage(ctx, call);
  let next = 0;
  const worker = async () => {
    for (let at = next++; at < page.entries.length; at = next++) {
      const found = page.entries[at]?.item.object.metadata;
      if (found?.name === undefined) continue;
      try {
        await deleteOne(ctx, call, found.namespace, found.name);
      } catch (err) {
        if (!isReason(err, "NotFound")) throw err; // somebody else deleted it: as wished
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(deletionsAtOnceMax, page.entries.length) }, worker));
  return listAnswer(call, page);
}
