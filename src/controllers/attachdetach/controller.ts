import { isConditionTrue, isReason, keyString, semanticEqual } from "../../api/meta/index.ts";
import type { Node, PersistentVolume, Pod, VolumeAttachment } from "../../api/types/index.ts";
import { claimedVolumes } from "../../api/volumes/index.ts";
import { again, done, type Outcome, resources, runController } from "../../client/index.ts";
import type { ControllerContext, RunningController } from "../context.ts";
import { byNode, hasEnded, indexByNode } from "../pods/index.ts";
import { attachmentName, isExclusive, isManaged, planNode, uniqueName, type Wanted } from "./plan.ts";

const name = "persistentvolume-attach-detach-controller";
const component = "attachdetach-controller";
const byClaim = "claim";
const byVolume = "volume";
const ofNode = "node";
/** A node that does not answer is not waited for any longer than this. */
const forceDetachAfterMs = 6 * 60_000;
const lookAgainMs = 60_000;
const outOfServiceTaint = "node.kubernetes.io/out-of-service";

/** One node at a time: what its pods want attached, against what is. Only volumes of CSI drivers have to be. */
export function startAttachDetachController(context: ControllerContext): RunningController {
  const { client, host, informers, config } = context;
  const pods = informers.informer(resources.pods, { indexers: { [byNode]: indexByNode, [byClaim]: claimKeys } });
  const claims = informers.informer(resources.persistentvolumeclaims, {
    indexers: { [byVolume]: ({ spec }) => (spec.volumeName ? [spec.volumeName] : []) },
  });
  const volumes = informers.informer(resources.persistentvolumes);
  const nodes = informers.informer(resources.nodes);
  const drivers = informers.informer(resources.csidrivers);
  const attachments = informers.informer(resources.volumeattachments, {
    indexers: {
      [ofNode]: ({ spec }) => [spec.nodeName],
      [byVolume]: ({ spec }) => (spec.source.persistentVolumeName ? [spec.source.persistentVolumeName] : []),
    },
  });
  const writer = client.resource(resources.volumeattachments);
  const events = context.recorder(component);
  const forced = host.metrics.counter({
    name: "attach_detach_controller_forced_detaches",
    help: "Volumes that were detached without the word of their node.",
    labels: ["reason"],
  });
  /** Since when an attachment that nobody wants is still in use. */
  const surplusSince = new Map<string, number>();
  const controller = runController({
    name,
    host,
    workers: context.workers(name, 10),
    synced: [pods, claims, volumes, nodes, drivers, attachments],
    reconcile: ({ name: node }) => reconcile(node),
  });

  async function reconcile(nodeName: string): Promise<Outcome> {
    const node = nodes.store.get(nodeName);
    const present = attachments.store.byIndex(ofNode, nodeName);
    if (node !== undefined && !isManaged(node)) return done;
    const wanted = node === undefined ? [] : wantedOn(nodeName);
    const inUse = new Set(node?.status?.volumesInUse ?? []);
    const plan = planNode(wanted, present, (one) => inUse.has(uniqueNameOf(one)) && !isForced(node, one));
    const waiting = new Set(plan.waiting);
    for (const one of present) if (!waiting.has(one)) surplusSince.delete(one.metadata.name ?? "");
    for (const one of plan.attach) await attach(nodeName, one);
    for (const one of plan.detach) await detach(one);
    if (node !== undefined) await tellNode(node, present, new Set(plan.detach));
    for (const one of wanted) tellPods(one, present);
    if (plan.waiting.length === 0) return done;
    return config.disableForceDetachOnTimeout ? done : again(lookAgainMs);
  }

  /** What the pods of a node use, once each; pods that have ended use nothing. */
  function wantedOn(nodeName: string): Wanted[] {
    const found = new Map<string, { volume: PersistentVolume; driver: string; handle: string; pods: Pod[] }>();
    for (const pod of pods.store.byIndex(byNode, nodeName)) {
      if (hasEnded(pod)) continue;
      for (const key of claimKeys(pod)) {
        const volume = volumes.store.get(claims.store.get(key)?.spec.volumeName ?? "");
        const csi = volume?.spec.csi;
        if (volume === undefined || csi === undefined || !isAttachable(csi.driver)) continue;
        const id = volume.metadata.name ?? "";
        const known = found.get(id) ?? { volume, driver: csi.driver, handle: csi.volumeHandle, pods: [] };
        known.pods.push(pod);
        found.set(id, known);
      }
    }
    return [...found.values()];
  }

  function isAttachable(driver: string): boolean {
    return drivers.store.get(driver)?.spec.attachRequired !== false;
  }

  /** The node is out of service, or has not answered for long. */
  function isForced(node: Node | undefined, attachment: VolumeAttachment): boolean {
    if (node === undefined) return true;
    const id = attachment.metadata.name ?? "";
    const since = surplusSince.get(id) ?? host.clock.now();
    surplusSince.set(id, since);
    if (node.spec?.taints?.some(({ key }) => key === outOfServiceTaint)) {
      forced.labels("out-of-service").inc();
      return true;
    }
    const isLate = host.clock.now() - since >= forceDetachAfterMs;
    const isForcedByTime =
      isLate && !config.disableForceDetachOnTimeout && !isConditionTrue(node.status?.conditions, "Ready");
    if (isForcedByTime) forced.labels("timeout").inc();
    return isForcedByTime;
  }

  async function attach(nodeName: string, { volume, driver, handle, pods: users }: Wanted): Promise<void> {
    const persistentVolumeName = volume.metadata.name ?? "";
    const elsewhere = attachments.store
      .byIndex(byVolume, persistentVolumeName)
      .some(({ spec }) => spec.nodeName !== nodeName);
    if (elsewhere && isExclusive(volume)) {
      const message = `Multi-Attach error for volume "${persistentVolumeName}" Volume is already exclusively attached to one node and can't be attached to another`;
      for (const pod of users) events.event(pod, "Warning", "FailedAttachVolume", message);
      return;
    }
    const metadata = { name: attachmentName(handle, driver, nodeName) };
    try {
      await writer.create({ metadata, spec: { attacher: driver, nodeName, source: { persistentVolumeName } } });
    } catch (error) {
      if (!isReason(error, "AlreadyExists")) throw error;
    }
  }

  async function detach({ metadata }: VolumeAttachment): Promise<void> {
    try {
      await writer.delete({ name: metadata.name ?? "" }, { preconditions: { uid: metadata.uid } });
    } catch (error) {
      if (!isReason(error, "NotFound")) throw error;
    }
  }

  function uniqueNameOf({ spec }: VolumeAttachment): string {
    const csi = volumes.store.get(spec.source.persistentVolumeName ?? "")?.spec.csi;
    return uniqueName(spec.attacher, csi?.volumeHandle ?? "");
  }

  /** Kubelets mount what their node's status lists as attached. */
  async function tellNode(
    node: Node,
    present: readonly VolumeAttachment[],
    leaving: ReadonlySet<VolumeAttachment>,
  ): Promise<void> {
    const volumesAttached = present
      .filter((one) => one.status?.attached && !leaving.has(one) && one.metadata.deletionTimestamp === undefined)
      .map((one) => ({ name: uniqueNameOf(one), devicePath: "" }))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
    if (semanticEqual(node.status?.volumesAttached ?? [], volumesAttached)) return;
    const patch = { status: { volumesAttached: volumesAttached.length > 0 ? volumesAttached : null } };
    await client.resource(resources.nodes).patchStatus({ name: node.metadata.name ?? "" }, "merge", patch);
  }

  /** Once for every attachment: its status changes once to attached, or with every failure. */
  const told = new Map<string, string>();
  function tellPods({ volume, pods: users }: Wanted, present: readonly VolumeAttachment[]): void {
    const id = volume.metadata.name ?? "";
    const attachment = present.find(({ spec }) => spec.source.persistentVolumeName === id);
    const { attached, attachError } = attachment?.status ?? {};
    const failure = attached ? undefined : attachError?.message;
    const news = attached ? "attached" : failure;
    const key = attachment?.metadata.uid ?? "";
    if (attachment === undefined || news === undefined || told.get(key) === news) return;
    told.set(key, news);
    for (const pod of users) {
      if (failure === undefined) {
        const message = `AttachVolume.Attach succeeded for volume "${id}" `;
        events.event(pod, "Normal", "SuccessfulAttachVolume", message);
      } else {
        const message = `AttachVolume.Attach failed for volume "${id}" : ${failure}`;
        events.event(pod, "Warning", "FailedAttachVolume", message);
      }
    }
  }

  const add = (nodeName: string | undefined): void => {
    if (nodeName) controller.queue.add(nodeName);
  };
  const podSeen = (pod: Pod): void => {
    if (claimedVolumes(pod).length > 0) add(pod.spec.nodeName);
  };
  pods.addHandlers({
    add: podSeen,
    update: (old, pod) => {
      if (old.spec.nodeName !== pod.spec.nodeName || hasEnded(old) !== hasEnded(pod)) podSeen(pod);
    },
    delete: podSeen,
  });
  claims.addHandlers({
    update: (old, claim) => {
      if (old.spec.volumeName === claim.spec.volumeName) return;
      const key = keyString({ namespace: claim.metadata.namespace, name: claim.metadata.name ?? "" });
      for (const pod of pods.store.byIndex(byClaim, key)) podSeen(pod);
    },
  });
  attachments.addHandlers({
    add: ({ spec }) => add(spec.nodeName),
    update: (_, { spec }) => add(spec.nodeName),
    delete: ({ spec, metadata }) => {
      told.delete(metadata.uid ?? "");
      add(spec.nodeName);
      wakeRivals(spec.source.persistentVolumeName ?? "");
    },
  });
  /** Pods on other nodes that wait for a volume which may be attached to one only. */
  const wakeRivals = (volume: string): void => {
    for (const { metadata } of claims.store.byIndex(byVolume, volume)) {
      const key = keyString({ namespace: metadata.namespace, name: metadata.name ?? "" });
      for (const pod of pods.store.byIndex(byClaim, key)) podSeen(pod);
    }
  };
  nodes.addHandlers({
    update: (old, node) => {
      const isSame =
        semanticEqual(old.status?.volumesInUse, node.status?.volumesInUse) &&
        isManaged(old) === isManaged(node) &&
        old.spec?.taints === node.spec?.taints;
      if (!isSame && attachments.store.countByIndex(ofNode, node.metadata.name ?? "") > 0) add(node.metadata.name);
      else if (!isManaged(old) && isManaged(node)) add(node.metadata.name);
    },
    delete: ({ metadata }) => add(metadata.name),
  });
  return controller;
}

function claimKeys(pod: Pod): string[] {
  return claimedVolumes(pod).map(({ claimName }) => keyString({ namespace: pod.metadata.namespace, name: claimName }));
}
