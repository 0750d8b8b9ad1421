import { isReason, keyString } from "../../api/meta/index.ts";
import { again, done, type Outcome, resources, runController } from "../../client/index.ts";
import type { StartController } from "../context.ts";
import { expiryMs, tokenNamespace, tokenSecretType } from "./token-secret.ts";

const name = "token-cleaner-controller";

export const startTokenCleaner: StartController = ({ client, host, informers }) => {
  const secrets = informers.informer(resources.secrets, {
    namespace: tokenNamespace,
    fieldSelector: `type=${tokenSecretType}`,
  });
  const controller = runController({
    name,
    host,
    workers: 1,
    synced: [secrets],
    reconcile: async (key): Promise<Outcome> => {
      const secret = secrets.store.get(keyString(key));
      const end = secret === undefined ? undefined : expiryMs(secret);
      if (secret === undefined || end === undefined) return done;
      const left = end - host.clock.now();
      if (left > 0) return again(left);
      const preconditions = { uid: secret.metadata.uid };
      await client
        .resource(resources.secrets)
        .delete(key, { preconditions })
        .catch((error) => {
          if (!isReason(error, "NotFound") && !isReason(error, "Conflict")) throw error;
        });
      return done;
    },
  });
  secrets.addHandlers({
    add: (secret) => controller.enqueue(secret),
    update: (_, secret) => controller.enqueue(secret),
  });
  return controller;
};
