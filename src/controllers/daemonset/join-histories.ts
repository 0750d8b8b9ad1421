import { isReason, semanticEqual } from "../../api/meta/index.ts";
import type { Pod } from "../../api/types/index.ts";
import { type Client, resources } from "../../client/index.ts";
import { objectKey } from "../owners.ts";
import { type History, hashOf, revisionHashLabel } from "../revisions/index.ts";

/**
 * Two revisions may hold the same template when the daemon set was given to another and back. The newest of them stays;
 * pods of the others are relabelled as its own, since nothing in them differs. Gives how many were.
 */
export async function joinHistories(client: Client, { all, current }: History, pods: readonly Pod[]): Promise<number> {
  const doubles = all.filter((revision) => revision !== current && semanticEqual(revision.data, current.data));
  if (doubles.length === 0) return 0;
  const hashes = new Set(doubles.map(hashOf));
  const mislabelled = pods.filter(({ metadata }) => hashes.has(metadata.labels?.[revisionHashLabel] ?? ""));
  for (const pod of mislabelled) {
    const metadata = { labels: { [revisionHashLabel]: hashOf(current) } };
    await client.resource(resources.pods).patch(objectKey(pod), "merge", { metadata });
  }
  for (const double of doubles) {
    try {
      await client.resource(resources.controllerrevisions).delete(objectKey(double));
    } catch (error) {
      if (!isReason(error, "NotFound")) throw error;
    }
  }
  return mislabelled.length;
}
