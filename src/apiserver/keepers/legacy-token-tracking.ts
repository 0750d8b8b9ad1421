import { formatTime, isReason, isValidTime } from "../../api/meta/index.ts";
import type { ConfigMap, Secret } from "../../api/types/index.ts";
import { itself, type KeeperOptions } from "./keeper.ts";

const target = { group: "", version: "v1", resource: "configmaps", namespace: "kube-system" } as const;
const name = "kube-apiserver-legacy-service-account-token-tracking";
const userAgent = "kube-apiserver/v1.36.2";

/** Says since when the use of secrets' tokens is noted: before that day nothing is known. */
export async function markTokenTracking({ handler, host }: KeeperOptions): Promise<void> {
  const data = { since: formatTime(host.clock.now()).slice(0, 10) };
  const request = { ...target, options: {}, user: itself, userAgent };
  try {
    const answer = await handler.handle({ ...request, verb: "get", name });
    const since = answer.kind === "object" ? (answer.object as ConfigMap).data?.since : undefined;
    if (isValidTime(`${since}T00:00:00Z`)) return;
    const patchType = "application/merge-patch+json";
    await handler.handle({ ...request, verb: "patch", name, patchType, body: { data } });
  } catch (error) {
    if (!isReason(error, "NotFound")) throw error;
    await handler
      .handle({ ...request, verb: "create", body: { metadata: { namespace: target.namespace, name }, data } })
      .catch((failure: unknown) => {
        if (!isReason(failure, "AlreadyExists")) throw failure; // another API server of the cluster starts, too
      });
  }
}

/** Writes into a secret's label on which day its token was last used. */
export function noteTokenUse(
  { handler, host }: Pick<KeeperOptions, "handler" | "host">,
  { metadata }: Secret,
  label: string,
  day: string,
): void {
  const { namespace, name: secret, uid } = metadata;
  const request = { group: "", version: "v1", resource: "secrets", namespace, name: secret, options: {} };
  const body = { metadata: { uid: uid ?? null, labels: { [label]: day } } };
  const patchType = "application/merge-patch+json";
  handler.handle({ ...request, verb: "patch", patchType, body, user: itself, userAgent }).catch((error: unknown) => {
    if (isReason(error, "NotFound") || isReason(error, "Conflict")) return;
    host.log.error("that a token was used cannot be noted", { namespace, secret, error: String(error) });
  });
}
