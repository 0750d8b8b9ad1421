import { isReason } from "../../api/meta/index.ts";
import { type Client, resources } from "../../client/index.ts";
import { objectKey } from "../owners.ts";
import { isNamespaceTerminating } from "../pods/index.ts";
import type { SlicePlan } from "./plan.ts";

/** Changes first, so that no endpoint is missing in between. */
export async function writeSlices(client: Client, plan: SlicePlan): Promise<void> {
  const writer = client.resource(resources.endpointslices);
  for (const slice of plan.update) await writer.update(slice);
  for (const draft of plan.create) {
    await writer.create(draft).catch((error) => {
      if (!isNamespaceTerminating(error)) throw error;
    });
  }
  for (const slice of plan.remove) {
    await writer.delete(objectKey(slice)).catch((error) => {
      if (!isReason(error, "NotFound")) throw error;
    });
  }
}
