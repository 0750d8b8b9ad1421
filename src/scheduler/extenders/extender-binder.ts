import type { Logger } from "../../host/index.ts";
import type { BindPlugin } from "../framework.ts";
import type { Extender } from "./extender.ts";

/** Lets the extender bind that says it does; the Bind plugins bind what it does not care for, or cannot when it may be ignored. */
export function extenderBinder(extenders: readonly Extender[], log: Logger): BindPlugin {
  return {
    name: "Extender",
    bind: async (pod, nodeName) => {
      for (const extender of extenders) {
        if (!extender.bind || !extender.isInterested(pod)) continue;
        try {
          await extender.bind(pod, nodeName);
          return "bound";
        } catch (error) {
          if (!extender.isIgnorable) throw error;
          log.warn("an extender did not bind", { extender: extender.name, pod: pod.key, error: String(error) });
        }
      }
      return "skip";
    },
  };
}
