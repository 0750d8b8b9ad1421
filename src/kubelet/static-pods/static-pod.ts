import { createHash } from "node:crypto";
import { parseYaml } from "../../api/codec/index.ts";
import {
  errorMessage,
  type FieldError,
  fieldError,
  formatTime,
  isDNS1123Label,
  isDNS1123Subdomain,
} from "../../api/meta/index.ts";
import type { Node, Pod } from "../../api/types/index.ts";
import { uidErrors } from "../pod-worker/index.ts";

export const mirrorAnnotation = "kubernetes.io/config.mirror";
const hashAnnotation = "kubernetes.io/config.hash";
const seenAnnotation = "kubernetes.io/config.seen";
const sourceAnnotation = "kubernetes.io/config.source";

/** A file of the kubelet's manifest folder. */
export interface Manifest {
  readonly path: string;
  readonly text: string;
}

/**
 * The pod of a manifest, for this node: named after it, known by a hash of what it is, so that a changed manifest is
 * another pod and an unchanged one is the same after a restart.
 * @throws Error that says what is wrong with the manifest
 */
export async function staticPodOf({ path, text }: Manifest, nodeName: string, nowMs: number): Promise<Pod> {
  // All kinds of objects are known only to a node that has such pods: they would be a good part of its kubelet's memory.
  const [{ builtinKinds }, { decodeObject }] = await Promise.all([
    import("../../api/kinds/index.ts"),
    import("../../api/schema/index.ts"),
  ]);
  const kind = builtinKinds().find(({ group, resource }) => group === "" && resource === "pods");
  if (kind === undefined) throw new Error("there is no kind of pods");
  const { value: document } = await parseYaml(text);
  const { apiVersion, kind: documentKind } = (document ?? {}) as { apiVersion?: unknown; kind?: unknown };
  if (apiVersion !== "v1" || documentKind !== "Pod") {
    throw new Error(`${path}: not a pod of version v1, but ${String(documentKind)} of ${String(apiVersion)}`);
  }
  const draft = decodeObject(document, kind.shape, { unknownFields: "drop" }).object as unknown as Pod;
  kind.strategy.applyDefaults?.(draft);
  const { metadata, spec } = draft;
  if (!metadata?.name) throw new Error(`${path}: the pod has no name`);
  const uid = metadata.uid || createHash("md5").update(`host:${nodeName}\nfile:${path}\n${text}`).digest("hex");
  const referenced = firstReference(draft);
  if (referenced !== undefined) throw new Error(`${path}: static pods may not reference ${referenced}`);
  const pod: Pod = {
    ...draft,
    metadata: {
      ...metadata,
      uid,
      name: `${metadata.name}-${nodeName.toLowerCase()}`,
      namespace: metadata.namespace || "default",
      annotations: {
        ...metadata.annotations,
        [hashAnnotation]: uid,
        [seenAnnotation]: formatTime(nowMs),
        [sourceAnnotation]: "file",
      },
    },
    spec: {
      ...spec,
      containers: spec?.containers ?? [],
      nodeName,
      // The node keeps it whatever befalls the node.
      tolerations: [...(spec?.tolerations ?? []), { operator: "Exists", effect: "NoExecute" }],
    },
    status: { phase: "Pending" },
  };
  const problems = [...identityErrors(pod), ...(kind.strategy.validate?.(pod) ?? [])];
  if (problems.length > 0) throw new Error(`${path}: invalid pod: ${problems.map(errorMessage).join(", ")}`);
  return pod;
}

/** Of a pod of the API the server has looked at these; folders are named after them. */
function identityErrors({ metadata: { name = "", namespace = "", uid = "" } }: Pod): FieldError[] {
  const errorsOf = (field: string, value: string, errors: readonly string[]) =>
    errors.map((error) => fieldError.invalid(`metadata.${field}`, value, error));
  return [
    ...errorsOf("name", name, isDNS1123Subdomain(name)),
    ...errorsOf("namespace", namespace, isDNS1123Label(namespace)),
    ...errorsOf("uid", uid, uidErrors(uid)),
  ];
}

/** What the API shows of a static pod: the same pod as a thing of its own, owned by the node. */
export function mirrorOf({ metadata, spec }: Pod, node: Node): Omit<Pod, "apiVersion" | "kind"> {
  const { name, namespace, labels, annotations, uid = "" } = metadata;
  return {
    metadata: {
      name,
      namespace,
      labels,
      annotations: { ...annotations, [mirrorAnnotation]: uid },
      ownerReferences: [
        {
          apiVersion: "v1",
          kind: "Node",
          name: node.metadata.name ?? "",
          uid: node.metadata.uid ?? "",
          controller: true,
        },
      ],
    },
    spec,
  };
}

/** Whether a pod comes from a manifest of the node, rather than from the API. */
export function isStaticPod({ metadata }: Pod): boolean {
  const { [sourceAnnotation]: source = "api" } = metadata.annotations ?? {};
  return source !== "api";
}

/** The hash of the static pod that a pod of the API mirrors; undefined for other pods. */
export function mirroredHash({ metadata }: Pod): string | undefined {
  return metadata.annotations?.[mirrorAnnotation];
}

/** A static pod is there before the API is: it can have nothing that only the API has. */
function firstReference({ spec }: Pod): string | undefined {
  if (spec?.serviceAccountName) return "serviceaccounts";
  if (spec?.imagePullSecrets?.length) return "secrets";
  if (spec?.resourceClaims?.length) return "resourceclaims";
  for (const { secret, configMap, persistentVolumeClaim, ephemeral, projected } of spec?.volumes ?? []) {
    if (secret !== undefined) return "secrets";
    if (configMap !== undefined) return "configmaps";
    if (persistentVolumeClaim ?? ephemeral) return "persistentvolumeclaims";
    for (const source of projected?.sources ?? []) {
      if (source.secret !== undefined) return "secrets";
      if (source.configMap !== undefined) return "configmaps";
      if (source.serviceAccountToken !== undefined) return "serviceaccounts";
      if (source.clusterTrustBundle !== undefined) return "clustertrustbundles";
    }
  }
  for (const { env = [], envFrom = [] } of [...(spec?.initContainers ?? []), ...(spec?.containers ?? [])]) {
    if (envFrom.some(({ secretRef }) => secretRef !== undefined)) return "secrets";
    if (envFrom.some(({ configMapRef }) => configMapRef !== undefined)) return "configmaps";
    if (env.some(({ valueFrom }) => valueFrom?.secretKeyRef !== undefined)) return "secrets";
    if (env.some(({ valueFrom }) => valueFrom?.configMapKeyRef !== undefined)) return "configmaps";
  }
  return undefined;
}
