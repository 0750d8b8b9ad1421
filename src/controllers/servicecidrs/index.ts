/** Says whether ranges of service addresses are in use, and lets go only those whose addresses nobody has any more. */
import { formatTime, setCondition } from "../../api/meta/index.ts";
import type { IPAddress, ServiceCIDR } from "../../api/types/index.ts";
import { done, type Outcome, resources, runController } from "../../client/index.ts";
import type { StartController } from "../context.ts";
import { objectKey } from "../owners.ts";
import { contains, type Range, rangeOf } from "./range.ts";

const name = "service-cidr-controller";
const finalizer = "networking.k8s.io/service-cidr-finalizer";
const ready = { type: "Ready", status: "True", reason: "", message: "Kubernetes Service CIDR is ready" };
const terminating = {
  type: "Ready",
  status: "False",
  reason: "Terminating",
  message: "There are still IPAddresses referencing the ServiceCIDR, please remove them or create a new ServiceCIDR",
};

export const startServiceCIDRController: StartController = ({ client, host, informers, recorder, workers }) => {
  const cidrs = informers.informer(resources.servicecidrs);
  const addresses = informers.informer(resources.ipaddresses);
  const events = recorder(name);
  const writer = client.resource(resources.servicecidrs);
  const controller = runController({
    name,
    host,
    workers: workers(name, 5),
    synced: [cidrs, addresses],
    reconcile: ({ name: cidr }) => reconcile(cidr),
  });

  async function reconcile(cidrName: string): Promise<Outcome> {
    const cidr = cidrs.store.get(cidrName);
    if (cidr === undefined) return done;
    if (cidr.metadata.deletionTimestamp === undefined) await keep(cidr);
    else if (isFree(cidr)) await letGo(cidr);
    else if (!cidr.status?.conditions?.some(({ type, status }) => type === "Ready" && status === "False")) {
      events.event(cidr, "Normal", "KubernetesServiceCIDRDeletionError", terminating.message);
      await tell(cidr, terminating);
    }
    return done;
  }

  async function keep(cidr: ServiceCIDR): Promise<void> {
    const { finalizers = [], uid } = cidr.metadata;
    if (!finalizers.includes(finalizer)) {
      await writer.patch(objectKey(cidr), "merge", { metadata: { uid, finalizers: [...finalizers, finalizer] } });
    }
    const isTold = cidr.status?.conditions?.some(({ type, status }) => type === "Ready" && status === "True");
    if (!isTold) await tell(cidr, ready);
  }

  async function tell(cidr: ServiceCIDR, condition: typeof ready): Promise<void> {
    const now = formatTime(host.clock.now());
    const conditions = setCondition((cidr.status?.conditions ?? []) as Timed[], condition as Timed, now);
    await writer.patchStatus(objectKey(cidr), "merge", { status: { conditions } });
  }

  async function letGo(cidr: ServiceCIDR): Promise<void> {
    const finalizers = (cidr.metadata.finalizers ?? []).filter((one) => one !== finalizer);
    if (finalizers.length === cidr.metadata.finalizers?.length) return;
    const { uid, resourceVersion } = cidr.metadata;
    await writer.patch(objectKey(cidr), "merge", { metadata: { uid, resourceVersion, finalizers } });
  }

  /** No address of it is taken, but for those that lie in another range, too. */
  function isFree(cidr: ServiceCIDR): boolean {
    const own = rangesOf(cidr);
    const others = cidrs.store
      .list()
      .filter((other) => other !== cidr && other.metadata.deletionTimestamp === undefined)
      .flatMap(rangesOf);
    for (const { metadata } of addresses.store.values()) {
      const address = metadata.name ?? "";
      const inAny = (ranges: readonly Range[]) => ranges.some((range) => contains(range, address));
      if (inAny(own) && !inAny(others)) return false;
    }
    return true;
  }

  const look = (cidr: ServiceCIDR) => controller.enqueue(cidr);
  /** What changes about one range may free another that is being deleted. */
  const lookAtLeaving = () => {
    for (const cidr of cidrs.store.values()) if (cidr.metadata.deletionTimestamp !== undefined) look(cidr);
  };
  cidrs.addHandlers({
    add: (cidr) => {
      look(cidr);
      lookAtLeaving();
    },
    update: (_, cidr) => look(cidr),
    delete: lookAtLeaving,
  });
  addresses.addHandlers({ delete: (_: IPAddress) => lookAtLeaving() });
  return controller;
};

type Timed = typeof ready & { lastTransitionTime?: string };

function rangesOf({ spec }: ServiceCIDR): Range[] {
  return (spec.cidrs ?? []).flatMap((text) => rangeOf(text) ?? []);
}
