import { formatTime, isReason, isValidTime, keyString, parseTime } from "../../api/meta/index.ts";
import type { Pod, Secret } from "../../api/types/index.ts";
import { again, done, type Outcome, resources, runController } from "../../client/index.ts";
import type { StartController } from "../context.ts";
import { objectKey } from "../owners.ts";
import { accountNameOf, tokenSecretType } from "./secret-type.ts";

const name = "legacy-serviceaccount-token-cleaner-controller";
const dayMs = 24 * 3_600_000;
const defaultPeriodMs = 365 * dayMs;
const lastUsedLabel = "kubernetes.io/legacy-token-last-used";
const invalidSinceLabel = "kubernetes.io/legacy-token-invalid-since";
/** The API server writes into it since when it notes when tokens are used. */
const tracking = { namespace: "kube-system", name: "kube-apiserver-legacy-service-account-token-tracking" };
const bySecret = "secret";

/**
 * Secrets with tokens that were once made for every account: one unused for the clean-up period is first declared
 * invalid, and deleted after another such period. Only what an account lists, no pod mounts, and nobody made by hand.
 */
export const startLegacyTokenCleaner: StartController = ({ client, host, informers, config }) => {
  const periodMs = config.legacyTokenCleanUpPeriodMs ?? defaultPeriodMs;
  const accounts = informers.informer(resources.serviceaccounts);
  const secrets = informers.informer(resources.secrets, { fieldSelector: `type=${tokenSecretType}` });
  const pods = informers.informer(resources.pods, { indexers: { [bySecret]: mountedSecrets } });
  const since = informers.informer(resources.configmaps, {
    namespace: tracking.namespace,
    fieldSelector: `metadata.name=${tracking.name}`,
  });
  const controller = runController({
    name,
    host,
    workers: 1,
    synced: [accounts, secrets, pods, since],
    reconcile: async (key): Promise<Outcome> => {
      const secret = secrets.store.get(keyString(key));
      if (secret === undefined || secret.metadata.deletionTimestamp !== undefined) return done;
      if (isOwn(secret) && pods.store.countByIndex(bySecret, keyString(key)) === 0) await clean(secret);
      return again(dayMs);
    },
  });

  /** Named by its account: made with it, not by hand. */
  function isOwn(secret: Secret): boolean {
    const account = accounts.store.get(
      keyString({ namespace: secret.metadata.namespace, name: accountNameOf(secret) }),
    );
    return account?.secrets?.some((one) => one.name === secret.metadata.name) ?? false;
  }

  async function clean(secret: Secret): Promise<void> {
    const trackedSince = since.store.get(keyString(tracking))?.data?.since;
    if (trackedSince === undefined) return;
    const labels = secret.metadata.labels ?? {};
    const now = host.clock.now();
    const idleSince = Math.max(
      dateMs(trackedSince),
      dateMs(labels[lastUsedLabel]),
      timeMs(secret.metadata.creationTimestamp),
    );
    if (now - idleSince < periodMs) return;
    const invalidSince = labels[invalidSinceLabel];
    const writer = client.resource(resources.secrets);
    const { resourceVersion, uid } = secret.metadata;
    if (invalidSince === undefined) {
      const today = formatTime(now).slice(0, 10);
      const metadata = { resourceVersion, uid, labels: { [invalidSinceLabel]: today } };
      await writer.patch(objectKey(secret), "merge", { metadata });
    } else if (now - dateMs(invalidSince) >= periodMs) {
      await writer.delete(objectKey(secret), { preconditions: { uid, resourceVersion } }).catch((error) => {
        if (!isReason(error, "NotFound") && !isReason(error, "Conflict")) throw error;
      });
    }
  }

  const look = (secret: Secret) => controller.enqueue(secret);
  secrets.addHandlers({ add: look });
  return controller;
};

/** Milliseconds of a date such as 2026-01-31; the distant past for none. */
function dateMs(text: string | undefined): number {
  const time = `${text}T00:00:00Z`;
  return isValidTime(time) ? parseTime(time) : 0;
}

function timeMs(text: string | null | undefined): number {
  return text ? parseTime(text) : 0;
}

function mountedSecrets({ metadata, spec }: Pod): string[] {
  return (spec.volumes ?? []).flatMap(({ secret }) =>
    secret?.secretName ? [keyString({ namespace: metadata.namespace, name: secret.secretName })] : [],
  );
}
