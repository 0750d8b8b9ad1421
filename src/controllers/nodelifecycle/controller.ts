import { formatTime, isReason, setCondition } from "../../api/meta/index.ts";
import type { Node, Pod } from "../../api/types/index.ts";
import { again, done, type Outcome, resources, runController } from "../../client/index.ts";
import type { ControllerContext, RunningController } from "../context.ts";
import { objectKey } from "../owners.ts";
import { byNode, hasEnded, indexByNode, isReady } from "../pods/index.ts";
import { heartbeatOf, silentConditions, silentSinceMs } from "./health.ts";
import { measureZones } from "./measure.ts";
import { needsEviction, readiness, wantedTaints } from "./taints.ts";
import { defaultEvictionRates, EvictionZones, zoneIdOf } from "./zones.ts";

const defaultGraceMs = 50_000;
const defaultStartupGraceMs = 60_000;
const leaseNamespace = "kube-node-lease";
/** How soon to ask again for an eviction that the zone does not grant yet. */
const evictAgainMs = 5_000;

/** Notices nodes that fall silent, says so on them and their pods, and taints nodes by their conditions. */
export function startNodeLifecycleController(context: ControllerContext): RunningController {
  const { client, host, informers, config } = context;
  const patience = {
    graceMs: config.nodeMonitorGracePeriodMs ?? defaultGraceMs,
    startupGraceMs: config.nodeStartupGracePeriodMs ?? defaultStartupGraceMs,
  };
  const nodes = informers.informer(resources.nodes);
  const leases = informers.informer(resources.leases, { namespace: leaseNamespace });
  const pods = informers.informer(resources.pods, { indexers: { [byNode]: indexByNode } });
  const events = context.recorder("node-controller");
  const zones = new EvictionZones({ ...defaultEvictionRates, ...config.nodeEviction });
  const evicted = measureZones(host, zones);
  let wasDisrupted = false;
  /** When each node last gave a sign of life, on our own clock: theirs may be wrong. */
  const lastSign = new Map<string, number>();
  const controller = runController({
    name: "node-lifecycle-controller",
    host,
    workers: 8,
    synced: [nodes, leases, pods],
    reconcile: ({ name }) => reconcile(name),
  });

  async function reconcile(name: string): Promise<Outcome> {
    const node = nodes.store.get(name);
    if (node === undefined || node.metadata.deletionTimestamp !== undefined) return done;
    const nowMs = host.clock.now();
    const silentAt = silentSinceMs(node, lastSign.get(name) ?? nowMs, patience);
    const silent = nowMs >= silentAt;
    const current = silent ? await markSilent(node) : node;
    if (readiness(current) !== "True" && readiness(current) !== undefined) await markPodsNotReady(current);
    const waiting = await taint(current);
    if (waiting) return again(evictAgainMs);
    return silent ? done : again(silentAt - nowMs);
  }

  async function markSilent(node: Node): Promise<Node> {
    const conditions = silentConditions(node, formatTime(host.clock.now()));
    if (conditions === node.status?.conditions) return node;
    return client
      .resource(resources.nodes)
      .updateStatus({ ...node, status: { ...node.status, conditions: [...conditions] } });
  }

  /** Gives whether an eviction is due that the zone does not grant yet. */
  async function taint(node: Node): Promise<boolean> {
    const nowMs = host.clock.now();
    const evict = needsEviction(node);
    const mayEvict = evict && zones.mayEvict(node, nowMs);
    const eviction = mayEvict ? "begin" : zones.allDisrupted ? "end" : "keep";
    if (mayEvict) evicted(zoneIdOf(node));
    const taints = wantedTaints(node, eviction, formatTime(nowMs));
    if (taints !== undefined) {
      const { resourceVersion } = node.metadata;
      const patch = { metadata: { resourceVersion }, spec: { taints: taints.length > 0 ? taints : null } };
      await client.resource(resources.nodes).patch(objectKey(node), "merge", patch);
    }
    // While nobody answers nothing is granted; the change to that wakes all nodes, as does its end.
    return evict && !mayEvict && !zones.allDisrupted;
  }

  async function markPodsNotReady(node: Node): Promise<void> {
    for (const pod of pods.store.byIndex(byNode, node.metadata.name ?? "")) {
      if (hasEnded(pod) || !isReady(pod)) continue;
      events.event(pod, "Warning", "NodeNotReady", "Node is not ready");
      await markNotReady(pod).catch((error) => {
        if (!isReason(error, "NotFound") && !isReason(error, "Conflict")) throw error;
      });
    }
  }

  async function markNotReady(pod: Pod): Promise<void> {
    const ready = pod.status?.conditions?.find((condition) => condition.type === "Ready");
    if (ready === undefined) return;
    const next = { ...ready, status: "False", lastTransitionTime: undefined };
    const conditions = setCondition(pod.status?.conditions as (typeof next)[], next, formatTime(host.clock.now()));
    await client.resource(resources.pods).updateStatus({ ...pod, status: { ...pod.status, conditions } });
  }

  const aboutNode = (node: Node) => ({
    apiVersion: "v1",
    kind: "Node",
    name: node.metadata.name,
    uid: node.metadata.uid,
  });
  /** When the last node falls silent we may be the ones who are cut off: nobody is driven away. When it is over, all start anew. */
  const noticeDisruption = (): void => {
    if (zones.allDisrupted === wasDisrupted || !nodes.hasSynced()) return;
    wasDisrupted = zones.allDisrupted;
    for (const node of nodes.store.values()) {
      if (!wasDisrupted) alive(node.metadata.name ?? "");
      controller.enqueue(node);
    }
  };
  const alive = (name: string): void => {
    lastSign.set(name, host.clock.now());
  };
  nodes.addHandlers({
    add: (node) => {
      const name = node.metadata.name ?? "";
      alive(name);
      zones.observe(node, host.clock.now());
      noticeDisruption();
      const message = `Node ${name} event: Registered Node ${name} in Controller`;
      events.event(aboutNode(node), "Normal", "RegisteredNode", message);
      controller.enqueue(node);
    },
    update: (old, node) => {
      zones.observe(node, host.clock.now());
      noticeDisruption();
      if (heartbeatOf(old) !== heartbeatOf(node) && readiness(node) !== "Unknown") alive(node.metadata.name ?? "");
      if (readiness(old) === "True" && readiness(node) !== "True") {
        const message = `Node ${node.metadata.name} status is now: NodeNotReady`;
        events.event(aboutNode(node), "Normal", "NodeNotReady", message);
      }
      controller.enqueue(node);
    },
    delete: (node) => {
      const name = node.metadata.name ?? "";
      lastSign.delete(name);
      zones.forget(name);
      noticeDisruption();
      events.event(
        aboutNode(node),
        "Normal",
        "RemovingNode",
        `Node ${name} event: Removing Node ${name} from Controller`,
      );
    },
  });
  const leaseSeen = ({ metadata }: { metadata: { name?: string } }): void => {
    const name = metadata.name ?? "";
    const node = nodes.store.get(name);
    if (node === undefined) return;
    alive(name);
    // A node given up is looked at again; the others come up at their time.
    if (readiness(node) === "Unknown") controller.queue.add(name);
  };
  leases.addHandlers({
    add: leaseSeen,
    update: (old, lease) => {
      if (old.spec?.renewTime !== lease.spec?.renewTime) leaseSeen(lease);
    },
  });
  return controller;
}
