/** Gives every node its own part of the cluster's pod addresses. */
import { isReason } from "../../api/meta/index.ts";
import type { Node } from "../../api/types/index.ts";
import { done, type Outcome, resources, runController } from "../../client/index.ts";
import type { StartController } from "../context.ts";
import { objectKey } from "../owners.ts";
import { CidrSet } from "./cidr-set.ts";

const defaultClusterCIDR = "10.244.0.0/16";
const defaultPartPrefix = 24;
const defaultPartPrefixV6 = 64;

export const startNodeIpamController: StartController = ({ client, host, informers, config, recorder }) => {
  const nodes = informers.informer(resources.nodes);
  const events = recorder("cidrAllocator");
  const sets = (config.clusterCIDR ?? defaultClusterCIDR)
    .split(",")
    .map(
      (cidr) =>
        new CidrSet(cidr, cidr.includes(":") ? defaultPartPrefixV6 : (config.nodeCIDRMaskSize ?? defaultPartPrefix)),
    );
  /** Given to nodes whose next version has not come yet. */
  const pending = new Map<string, string[]>();
  const controller = runController({
    name: "node-ipam-controller",
    host,
    // One at a time: two must not take the same part. Work begins when all nodes, and so all parts in use, are known.
    workers: 1,
    synced: [nodes],
    reconcile: ({ name }) => reconcile(name),
  });

  async function reconcile(name: string): Promise<Outcome> {
    const node = nodes.store.get(name);
    if (node === undefined || node.spec?.podCIDR) return done;
    const podCIDRs = pending.get(name) ?? allocate();
    if (podCIDRs === undefined) {
      const about = { apiVersion: "v1", kind: "Node", name, uid: node.metadata.uid };
      events.event(about, "Normal", "CIDRNotAvailable", `Node ${name} status is now: CIDRNotAvailable`);
      throw new Error("no CIDR is left to be given to the node");
    }
    pending.set(name, podCIDRs);
    try {
      await client
        .resource(resources.nodes)
        .patch(objectKey(node), "merge", { spec: { podCIDR: podCIDRs[0], podCIDRs } });
    } catch (error) {
      if (isReason(error, "NotFound")) release(podCIDRs);
      pending.delete(name);
      throw error;
    }
    return done;
  }

  function allocate(): string[] | undefined {
    const parts: string[] = [];
    for (const set of sets) {
      const part = set.allocate();
      if (part === undefined) {
        release(parts);
        return undefined;
      }
      parts.push(part);
    }
    return parts;
  }

  function release(parts: readonly string[]): void {
    for (const set of sets) for (const part of parts) set.release(part);
  }

  const occupy = (node: Node): void => {
    for (const part of partsOf(node)) for (const set of sets) set.occupy(part);
    if (node.spec?.podCIDR) pending.delete(node.metadata.name ?? "");
  };
  nodes.addHandlers({
    add: (node) => {
      occupy(node);
      controller.enqueue(node);
    },
    update: (_, node) => {
      occupy(node);
      if (!node.spec?.podCIDR) controller.enqueue(node);
    },
    delete: (node) => release(partsOf(node)),
  });
  return controller;
};

function partsOf({ spec }: Node): readonly string[] {
  return spec?.podCIDRs ?? (spec?.podCIDR ? [spec.podCIDR] : []);
}
