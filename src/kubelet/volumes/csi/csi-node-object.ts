import type { CSINode, Node } from "../../../api/types/index.ts";

export type CSINodeDriver = CSINode["spec"]["drivers"][number];

/** Volumes of these once were parts of Kubernetes; the node says that it leaves them to CSI drivers. */
const migratedPlugins = [
  "kubernetes.io/aws-ebs",
  "kubernetes.io/azure-disk",
  "kubernetes.io/azure-file",
  "kubernetes.io/cinder",
  "kubernetes.io/gce-pd",
  "kubernetes.io/portworx-volume",
  "kubernetes.io/vsphere-volume",
];
const nodeIdAnnotation = "csi.volume.kubernetes.io/nodeid";

/** The object in which a node tells its drivers. */
export function csiNodeOf(node: Node): Omit<CSINode, "apiVersion" | "kind"> {
  const { name = "", uid = "" } = node.metadata;
  return {
    metadata: {
      name,
      annotations: { "storage.alpha.kubernetes.io/migrated-plugins": migratedPlugins.join(",") },
      ownerReferences: [{ apiVersion: "v1", kind: "Node", name, uid }],
    },
    spec: { drivers: [] },
  };
}

/** The drivers with this one in place of its former self; the same list when nothing changes. */
export function withDriver(drivers: readonly CSINodeDriver[], driver: CSINodeDriver): CSINodeDriver[] {
  return [...drivers.filter(({ name }) => name !== driver.name), driver];
}

export function withoutDriver(drivers: readonly CSINodeDriver[], name: string): CSINodeDriver[] {
  return drivers.filter((driver) => driver.name !== name);
}

/** What a driver adds to the Node: its own name for the node, and where volumes can be reached from. */
export function nodePatch(
  node: Node,
  driver: string,
  nodeId: string,
  topology: Readonly<Record<string, string>>,
): object {
  const ids = { ...nodeIds(node), [driver]: nodeId };
  return { metadata: { annotations: { [nodeIdAnnotation]: JSON.stringify(ids) }, labels: topology } };
}

export function nodePatchWithout(node: Node, driver: string): object {
  const { [driver]: _, ...others } = nodeIds(node);
  const text = Object.keys(others).length === 0 ? null : JSON.stringify(others);
  return { metadata: { annotations: { [nodeIdAnnotation]: text } } };
}

function nodeIds({ metadata }: Node): Record<string, string> {
  const text = metadata.annotations?.[nodeIdAnnotation];
  return text === undefined ? {} : JSON.parse(text);
}
