import { isReason } from "../api/meta/index.ts";
import type { UserInfo } from "../apiserver/index.ts";
import { type Client, type Discovery, resources } from "../client/index.ts";
import {
  controllerNames,
  controllersOffByDefault,
  simulatedProvisioner,
  simulatedProvisionerController,
  startControllers,
} from "../controllers/index.ts";
import { type Host, withTimeout } from "../host/index.ts";
import { type SchedulerOptions, startScheduler } from "../scheduler/index.ts";
import type { PodRange } from "./pod-range.ts";

export interface ComponentOptions {
  readonly host: Host;
  readonly discovery: Discovery;
  /** A client of the same process that speaks as this user. */
  client(user: UserInfo, userAgent: string): Client;
  readonly ca: { readonly cert: string; readonly key: string };
  /** PEM of the key that signs service account tokens. */
  readonly serviceAccountKey: string;
  readonly podRange: PodRange;
}

/** In one process the controllers share one identity, as the original's do without --use-service-account-credentials. */
const controllerManager: UserInfo = {
  name: "system:kube-controller-manager",
  groups: ["system:masters", "system:authenticated"],
};
const scheduler: UserInfo = { name: "system:kube-scheduler", groups: ["system:authenticated"] };

/** Starts all controllers; on simulated nodes also who provides their volumes. Gives how to stop them. */
export function startAllControllers(options: ComponentOptions, hasSimulatedNodes: boolean): () => Promise<void> {
  const { host, discovery, ca, podRange, serviceAccountKey: serviceAccountPrivateKey } = options;
  const { clusterCIDR, nodeMaskSize: nodeCIDRMaskSize } = podRange;
  const client = options.client(controllerManager, "kube-controller-manager");
  const isOn = (name: string) =>
    !controllersOffByDefault.has(name) || (hasSimulatedNodes && name === simulatedProvisionerController);
  const config = { rootCA: ca.cert, serviceAccountPrivateKey, clusterSigning: ca, clusterCIDR, nodeCIDRMaskSize };
  const running = startControllers({ client, discovery, host, config, only: controllerNames.filter(isOn) });
  return () => running.stop();
}

export type SchedulingOptions = Pick<SchedulerOptions, "profiles" | "plugins" | "extenders">;

export function startDefaultScheduler(
  { host, client }: ComponentOptions,
  scheduling: SchedulingOptions = {},
): () => Promise<void> {
  const running = startScheduler({ client: client(scheduler, "kube-scheduler"), host, ...scheduling });
  return () => running.stop();
}

/** As users of kind and k3s know it: claims without a class get a volume on the node of their first consumer. */
export async function createDefaultStorageClass({ client }: ComponentOptions): Promise<void> {
  const storageClass = {
    metadata: { name: "standard", annotations: { "storageclass.kubernetes.io/is-default-class": "true" } },
    provisioner: simulatedProvisioner,
    allowVolumeExpansion: true,
    reclaimPolicy: "Delete",
    volumeBindingMode: "WaitForFirstConsumer",
  };
  try {
    await client(controllerManager, "sampan").resource(resources.storageclasses).create(storageClass);
  } catch (error) {
    if (!isReason(error, "AlreadyExists")) throw error;
  }
}

/** A fault rather than patience when this passes: on a slow machine a start takes a second or two. */
const usableTimeoutMs = 60_000;

/** Resolves when pods can be made in the default namespace: its service account is there. */
export async function untilUsable({ client, host }: ComponentOptions): Promise<void> {
  const accounts = client(controllerManager, "sampan").resource(resources.serviceaccounts);
  const options = { namespace: "default", fieldSelector: "metadata.name=default" };
  const wait = async (signal: AbortSignal) => {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    signal.addEventListener("abort", () => resolve());
    const watching = await accounts.watch(options, {
      events: (batch) => {
        if (batch.some((event) => event.type === "ADDED")) resolve();
      },
      end: () => reject(new Error("the API server ended while the cluster was starting")),
    });
    await promise;
    watching.stop();
  };
  await withTimeout(host.clock, usableTimeoutMs, wait);
}
