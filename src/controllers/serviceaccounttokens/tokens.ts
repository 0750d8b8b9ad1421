import { isReason, keyString } from "../../api/meta/index.ts";
import type { Secret, ServiceAccount } from "../../api/types/index.ts";
import { done, type Outcome, resources, runController } from "../../client/index.ts";
import type { StartController } from "../context.ts";
import { objectKey } from "../owners.ts";
import { accountNameOf, accountUidAnnotation, tokenSecretType } from "./secret-type.ts";
import { tokenSigner } from "./token.ts";

const name = "serviceaccount-token-controller";
const byAccount = "service account";

/** Puts a token, the namespace and the cluster's CA into every secret that asks for them, and deletes those of accounts that are gone. */
export const startServiceAccountTokenController: StartController = ({ client, host, informers, config, workers }) => {
  const accounts = informers.informer(resources.serviceaccounts);
  const secrets = informers.informer(resources.secrets, {
    fieldSelector: `type=${tokenSecretType}`,
    indexers: { [byAccount]: (secret) => [keyOfAccount(secret)] },
  });
  const writer = client.resource(resources.secrets);
  const signToken =
    config.serviceAccountPrivateKey === undefined ? undefined : tokenSigner(config.serviceAccountPrivateKey);
  const controller = runController({
    name,
    host,
    workers: workers(name, 5),
    synced: [accounts, secrets],
    reconcile: async (key): Promise<Outcome> => {
      const secret = secrets.store.get(keyString(key));
      // Without a key, tokens are another controller manager's work.
      if (secret === undefined || secret.metadata.deletionTimestamp !== undefined || signToken === undefined)
        return done;
      const account = await accountOf(secret);
      if (account === undefined) return remove(secret);
      const next = withToken(secret, account);
      if (next !== secret) await writer.update(next);
      return done;
    },
  });

  /** Looks again at the server before it gives up: the account may just have been made. */
  async function accountOf(secret: Secret): Promise<ServiceAccount | undefined> {
    const uid = secret.metadata.annotations?.[accountUidAnnotation] || undefined;
    const fits = (account: ServiceAccount | undefined) =>
      account !== undefined && (uid === undefined || uid === account.metadata.uid);
    const known = accounts.store.get(keyOfAccount(secret));
    if (fits(known)) return known;
    const key = { namespace: secret.metadata.namespace, name: accountNameOf(secret) };
    const found = await client.resource(resources.serviceaccounts).find(key);
    return fits(found) ? found : undefined;
  }

  async function remove(secret: Secret): Promise<Outcome> {
    await writer.delete(objectKey(secret), { preconditions: { uid: secret.metadata.uid } }).catch((error) => {
      if (!isReason(error, "NotFound") && !isReason(error, "Conflict")) throw error;
    });
    return done;
  }

  /** The very secret when nothing is missing. */
  function withToken(secret: Secret, account: ServiceAccount): Secret {
    const { annotations = {}, namespace = "" } = secret.metadata;
    const wanted: Record<string, string> = { namespace: base64(namespace) };
    if (config.rootCA !== undefined) wanted["ca.crt"] = base64(config.rootCA);
    if (!secret.data?.token && signToken !== undefined) wanted.token = base64(signToken(account, secret));
    const uid = account.metadata.uid ?? "";
    const isComplete = Object.entries(wanted).every(([key, value]) => secret.data?.[key] === value);
    if (isComplete && annotations[accountUidAnnotation] === uid) return secret;
    const metadata = { ...secret.metadata, annotations: { ...annotations, [accountUidAnnotation]: uid } };
    return { ...secret, metadata, data: { ...secret.data, ...wanted } };
  }

  secrets.addHandlers({
    add: (secret) => controller.enqueue(secret),
    update: (_, secret) => controller.enqueue(secret),
  });
  const ofAccount = ({ metadata: { namespace, name: account = "" } }: ServiceAccount): void => {
    for (const secret of secrets.store.byIndex(byAccount, keyString({ namespace, name: account }))) {
      controller.enqueue(secret);
    }
  };
  accounts.addHandlers({ add: ofAccount, delete: ofAccount });
  return controller;
};

function keyOfAccount(secret: Secret): string {
  return keyString({ namespace: secret.metadata.namespace, name: accountNameOf(secret) });
}

function base64(text: string): string {
  return Buffer.from(text).toString("base64");
}
