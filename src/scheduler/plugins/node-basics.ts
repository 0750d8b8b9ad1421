// Small filters on what a node and a pod say of themselves: the wanted name, cordons, host ports.
import { isTolerated } from "../../api/placement/index.ts";
import type { FilterPlugin } from "../framework.ts";
import type { NodeInfo } from "../node-info.ts";
import { podInfoOf } from "../pod-info.ts";

/** spec.nodeName is set by hand only on pods that need no scheduler; kept for pods that come with it all the same. */
export const nodeName: FilterPlugin = {
  name: "NodeName",
  local: true,
  wakesOn: { "node/added": ({ pod }, { node }) => node.metadata.name === pod.spec?.nodeName },
  prepareFilter: ({ pod }) => {
    const wanted = pod.spec?.nodeName;
    if (!wanted) return undefined;
    const rejection = reject("NodeName", "node(s) didn't match the requested node name", false);
    return (node: NodeInfo) => (node.name === wanted ? undefined : rejection);
  },
};

const unschedulableTaint = { key: "node.kubernetes.io/unschedulable", effect: "NoSchedule" };

/** Cordoned nodes take only pods that tolerate the cordon (daemon pods). */
export const nodeUnschedulable: FilterPlugin = {
  name: "NodeUnschedulable",
  local: true,
  wakesOn: {
    "node/added": (_, { node }) => !node.spec?.unschedulable,
    "node/taints": (_, { node, old }) => !node.spec?.unschedulable && old?.spec?.unschedulable === true,
  },
  prepareFilter: ({ pod }) => {
    if (isTolerated(unschedulableTaint, pod.spec?.tolerations)) return undefined;
    const rejection = reject("NodeUnschedulable", "node(s) were unschedulable", false);
    return (node: NodeInfo) => (node.node?.spec?.unschedulable ? rejection : undefined);
  },
};

export const nodePorts: FilterPlugin = {
  name: "NodePorts",
  local: true,
  wakesOn: {
    "node/added": true,
    // A pod that leaves helps when it held one of the ports.
    "assigned-pod/deleted": ({ hostPorts }, { pod }) =>
      podInfoOf(pod).hostPorts.some((held) =>
        hostPorts.some((p) => p.port === held.port && p.protocol === held.protocol),
      ),
  },
  prepareFilter: ({ hostPorts }) => {
    if (hostPorts.length === 0) return undefined;
    const rejection = reject("NodePorts", "node(s) didn't have free ports for the requested pod ports", true);
    return (node: NodeInfo) =>
      hostPorts.some((p) => node.portInUse(p.protocol, p.ip, p.port)) ? rejection : undefined;
  },
};

function reject(plugin: string, reason: string, resolvable: boolean) {
  return { plugin, reasons: [reason], resolvable };
}
