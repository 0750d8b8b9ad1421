import { isReason } from "../api/meta/index.ts";
import {
  type Client,
  type ConnectionConfig,
  createClient,
  type HttpTransportOptions,
  httpTransport,
  resources,
  type Transport,
} from "../client/index.ts";

const namespace = "kube-system";
const tokenSeconds = 3600;
/** A token is asked for again when this part of its time has passed. */
const renewedAfter = 0.8;

/** Service accounts whose names are not their controllers': the default policy binds the rights of each to these. */
const accounts: Readonly<Record<string, string>> = {
  "serviceaccount-controller": "service-account-controller",
  "legacy-serviceaccount-token-cleaner-controller": "legacy-service-account-token-cleaner",
  "root-ca-certificate-publisher-controller": "root-ca-cert-publisher",
  "replicationcontroller-controller": "replication-controller",
  "daemonset-controller": "daemon-set-controller",
  "endpoints-controller": "endpoint-controller",
  "endpointslice-mirroring-controller": "endpointslicemirroring-controller",
  "service-cidr-controller": "service-cidrs-controller",
  "node-ipam-controller": "node-controller",
  "node-lifecycle-controller": "node-controller",
  "taint-eviction-controller": "node-controller",
  "pod-garbage-collector-controller": "pod-garbage-collector",
  "horizontal-pod-autoscaler-controller": "horizontal-pod-autoscaler",
  "garbage-collector-controller": "generic-garbage-collector",
  "persistentvolume-binder-controller": "persistent-volume-binder",
  "persistentvolume-attach-detach-controller": "attachdetach-controller",
  "persistentvolume-expander-controller": "expand-controller",
  "persistentvolumeclaim-protection-controller": "pvc-protection-controller",
  "persistentvolume-protection-controller": "pv-protection-controller",
  "resourceclaim-controller": "resource-claim-controller",
  "certificatesigningrequest-approving-controller": "certificate-controller",
  "certificatesigningrequest-signing-controller": "certificate-controller",
  "certificatesigningrequest-cleaner-controller": "certificate-controller",
  "bootstrap-signer-controller": "bootstrap-signer",
  "token-cleaner-controller": "token-cleaner",
};

/** Makes tokens itself: an account of its own would need a token first. */
const withoutAccount: ReadonlySet<string> = new Set(["serviceaccount-token-controller"]);

export interface AccountClients {
  /** Who a controller writes as. */
  clientFor(controller: string): Client;
  close(): void;
}

/**
 * Lets each controller write as a service account in kube-system that has its rights alone. Accounts are made when they
 * are missing, and tokens asked for as they are needed.
 * @param root of the controller manager itself, which may make accounts and tokens
 */
export function accountClients(config: ConnectionConfig, options: HttpTransportOptions, root: Client): AccountClients {
  const transports: Transport[] = [];
  return {
    clientFor: (controller) => {
      if (withoutAccount.has(controller)) return root;
      const name = accounts[controller] ?? controller;
      const getToken = tokenSource(root, name, () => options.host.clock.now());
      const { cert: _, key: __, token: ___, tokenFile: ____, ...server } = config;
      const userAgent = `kube-controller-manager/sampan/system:serviceaccount:${namespace}:${name}`;
      const transport = httpTransport({ ...server, getToken }, { ...options, userAgent });
      transports.push(transport);
      return createClient(transport);
    },
    close: () => {
      for (const transport of transports) transport.close?.();
    },
  };
}

/** Gives the account's token, a new one in good time before the last runs out. */
function tokenSource(root: Client, name: string, now: () => number): () => Promise<string> {
  const account = root.resource(resources.serviceaccounts);
  let current: { readonly token: Promise<string>; readonly until: number } | undefined;
  const ask = async (): Promise<string> => {
    try {
      await account.create({ metadata: { namespace, name } });
    } catch (error) {
      if (!isReason(error, "AlreadyExists")) throw error;
    }
    const body = {
      apiVersion: "authentication.k8s.io/v1",
      kind: "TokenRequest",
      spec: { expirationSeconds: tokenSeconds },
    };
    const { status } = await account
      .subresource<{ status?: { token?: string } }>("token")
      .create({ namespace, name }, body);
    if (!status?.token) throw new Error(`the API server gave no token for the service account ${namespace}/${name}`);
    return status.token;
  };
  return () => {
    if (current === undefined || now() >= current.until) {
      const token = ask();
      current = { token, until: now() + tokenSeconds * 1000 * renewedAfter };
      token.catch(() => {
        current = undefined;
      });
    }
    return current.token;
  };
}
