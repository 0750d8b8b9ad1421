import { X509Certificate } from "node:crypto";
import { isReason, keyString, parseTime } from "../../api/meta/index.ts";
import type { CertificateSigningRequest } from "../../api/types/index.ts";
import { again, done, type Outcome, resources, runController } from "../../client/index.ts";
import type { StartController } from "../context.ts";

const name = "certificatesigningrequest-cleaner-controller";
const decidedForMs = 3_600_000;
const pendingForMs = 24 * 3_600_000;

/** Deletes requests that have served: an hour after they were decided upon, a day after nobody did, or expired. */
export const startCertificateCleaning: StartController = ({ client, host, informers }) => {
  const requests = informers.informer(resources.certificatesigningrequests);
  const controller = runController({
    name,
    host,
    workers: 1,
    synced: [requests],
    reconcile: async (key): Promise<Outcome> => {
      const request = requests.store.get(keyString(key));
      if (request === undefined || request.metadata.deletionTimestamp !== undefined) return done;
      const left = endMs(request) - host.clock.now();
      if (left > 0) return Number.isFinite(left) ? again(left) : done;
      const preconditions = { uid: request.metadata.uid };
      await client
        .resource(resources.certificatesigningrequests)
        .delete(key, { preconditions })
        .catch((error) => {
          if (!isReason(error, "NotFound") && !isReason(error, "Conflict")) throw error;
        });
      return done;
    },
  });
  const enqueue = (request: CertificateSigningRequest) => controller.enqueue(request);
  requests.addHandlers({ add: enqueue, update: (_, request) => enqueue(request) });
  return controller;
};

/** When a request is of no use any more. Approved ones stay until they are signed. */
export function endMs({ metadata, status }: CertificateSigningRequest): number {
  const conditions = status?.conditions ?? [];
  const ends = [Number.POSITIVE_INFINITY];
  if (conditions.length === 0) ends.push(timeOf(metadata.creationTimestamp) + pendingForMs);
  for (const { type, lastUpdateTime } of conditions) {
    const isSettled = type === "Denied" || type === "Failed" || (type === "Approved" && status?.certificate);
    if (isSettled) ends.push(timeOf(lastUpdateTime) + decidedForMs);
  }
  const expiry = status?.certificate === undefined ? undefined : expiryMs(status.certificate);
  if (expiry !== undefined) ends.push(expiry);
  return Math.min(...ends);
}

function timeOf(text: string | null | undefined): number {
  return text ? parseTime(text) : Number.POSITIVE_INFINITY;
}

/** Undefined for what is no certificate: others may have written it. */
function expiryMs(base64: string): number | undefined {
  try {
    return new X509Certificate(Buffer.from(base64, "base64")).validToDate.getTime();
  } catch {
    return undefined;
  }
}
