import type { Logger } from "../host/index.ts";
import { messageOf } from "./binding.ts";
import type { FitError, PostFilterResult } from "./framework.ts";
import type { PodInfo } from "./pod-info.ts";
import type { Profile } from "./profile.ts";

/** Nobody was asked. */
export const noHelp: PostFilterResult = { helped: false, message: "" };

/** Asks the PostFilter plugins until one helps; what those before said is told together. Never throws. */
export async function askPostFilters(
  { postFilters }: Profile,
  pod: PodInfo,
  fit: FitError,
  log: Logger,
): Promise<PostFilterResult> {
  const messages: string[] = [];
  let nominated: string | undefined;
  try {
    for (const plugin of postFilters) {
      const result = await plugin.postFilter(pod, fit);
      if (result.helped) return result;
      if (result.message !== "") messages.push(result.message);
      nominated ??= result.nominated;
      if (result.final) break;
    }
  } catch (error) {
    log.warn("cannot make room, the pod waits", { pod: pod.key, error: messageOf(error) });
    return { helped: false, message: messageOf(error) };
  }
  return { helped: false, message: messages.join(", "), ...(nominated !== undefined && { nominated }) };
}
