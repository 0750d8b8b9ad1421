import { deepEqual, type KubeObject } from "../../api/meta/index.ts";
import type { PersistentVolume, Pod } from "../../api/types/index.ts";
import { type PodReferences, referencesOf, volumeSecretsForNodes } from "./pod-references.ts";

/** What may be related to a node. */
export type Related =
  | "configMap"
  | "persistentVolume"
  | "persistentVolumeClaim"
  | "pod"
  | "podCertificateRequest"
  | "resourceClaim"
  | "resourceSlice"
  | "secret"
  | "serviceAccount"
  | "volumeAttachment";

interface KnownPod {
  readonly uid: string;
  readonly node: string;
  /** Those parts of a bound pod that may still come to refer to something. */
  readonly ephemeralContainers: number;
  readonly resourceClaims: unknown;
  readonly extendedResourceClaim: unknown;
  /** Keys of `#uses`. */
  readonly uses: readonly string[];
}

interface KnownVolume {
  /** namespace/name */
  readonly claim: string;
  readonly secrets: readonly string[];
}

const mirrorAnnotation = "kubernetes.io/config.mirror";
const key = (kind: Related, namespace: string, name: string): string => `${kind}:${namespace}/${name}`;

/**
 * Which objects belong to which node: what its pods refer to, the volumes of their claims with the secrets of these, and
 * what names the node itself. Kept up to date by being told of each object that changes.
 */
export class NodeGraph {
  readonly #pods = new Map<string, KnownPod>();
  /** How many pods of each node use an object. */
  readonly #uses = new Map<string, Map<string, number>>();
  readonly #volumes = new Map<string, KnownVolume>();
  /** Names of the volumes that use a secret. */
  readonly #volumesOfSecret = new Map<string, Set<string>>();
  /** The node that an object names. */
  readonly #nodeOf = new Map<string, string>();

  /** Whether the node has to do with the object. */
  relates(node: string, kind: Related, namespace: string, name: string): boolean {
    if (kind === "pod") return this.#pods.get(`${namespace}/${name}`)?.node === node;
    if (kind === "persistentVolume") return this.#volumeRelates(node, name);
    const own = key(kind, namespace, name);
    if (this.#nodeOf.get(own) === node || this.#uses.get(own)?.has(node) === true) return true;
    if (kind !== "secret") return false;
    for (const volume of this.#volumesOfSecret.get(`${namespace}/${name}`) ?? []) {
      if (this.#volumeRelates(node, volume)) return true;
    }
    return false;
  }

  #volumeRelates(node: string, name: string): boolean {
    const claim = this.#volumes.get(name)?.claim;
    return claim !== undefined && this.#uses.get(`persistentVolumeClaim:${claim}`)?.has(node) === true;
  }

  putPod(place: string, pod: Pod): void {
    const known = this.#pods.get(place);
    const { spec, status, metadata } = pod;
    const node = spec.nodeName ?? "";
    if (known !== undefined && isUnchanged(known, pod)) return;
    this.deletePod(place);
    if (node === "") return;
    const namespace = metadata.namespace ?? "";
    // What a node makes itself must not give it rights.
    const uses = metadata.annotations?.[mirrorAnnotation] === undefined ? usesOf(pod, namespace) : [];
    for (const use of uses) this.#count(use, node, 1);
    this.#pods.set(place, {
      uid: metadata.uid ?? "",
      node,
      ephemeralContainers: spec.ephemeralContainers?.length ?? 0,
      resourceClaims: status?.resourceClaimStatuses,
      extendedResourceClaim: status?.extendedResourceClaimStatus,
      uses,
    });
  }

  deletePod(place: string): void {
    const known = this.#pods.get(place);
    if (known === undefined) return;
    this.#pods.delete(place);
    for (const use of known.uses) this.#count(use, known.node, -1);
  }

  putVolume(name: string, volume: PersistentVolume): void {
    this.deleteVolume(name);
    const { claimRef } = volume.spec;
    if (claimRef === undefined) return;
    const secrets = volumeSecretsForNodes(volume);
    this.#volumes.set(name, { claim: `${claimRef.namespace}/${claimRef.name}`, secrets });
    for (const secret of secrets) {
      const users = this.#volumesOfSecret.get(secret) ?? new Set();
      this.#volumesOfSecret.set(secret, users.add(name));
    }
  }

  deleteVolume(name: string): void {
    for (const secret of this.#volumes.get(name)?.secrets ?? []) {
      const users = this.#volumesOfSecret.get(secret);
      users?.delete(name);
      if (users?.size === 0) this.#volumesOfSecret.delete(secret);
    }
    this.#volumes.delete(name);
  }

  /** An object that says itself to which node it belongs; `place` is its name, with its namespace where it has one. */
  putNamed(kind: Related, place: string, object: KubeObject | undefined): void {
    const { nodeName } = (object as { spec?: { nodeName?: string } } | undefined)?.spec ?? {};
    const own = `${kind}:${place.includes("/") ? place : `/${place}`}`;
    if (nodeName) this.#nodeOf.set(own, nodeName);
    else this.#nodeOf.delete(own);
  }

  #count(use: string, node: string, change: number): void {
    const nodes = this.#uses.get(use) ?? new Map<string, number>();
    const count = (nodes.get(node) ?? 0) + change;
    if (count > 0) nodes.set(node, count);
    else nodes.delete(node);
    if (nodes.size > 0) this.#uses.set(use, nodes);
    else this.#uses.delete(use);
  }
}

/** A bound pod's references change with its ephemeral containers and the claims that are made for it, and not else. */
function isUnchanged(known: KnownPod, { spec, status, metadata }: Pod): boolean {
  return (
    known.uid === metadata.uid &&
    known.node === spec.nodeName &&
    known.ephemeralContainers === (spec.ephemeralContainers?.length ?? 0) &&
    isSame(known.resourceClaims, status?.resourceClaimStatuses) &&
    isSame(known.extendedResourceClaim, status?.extendedResourceClaimStatus)
  );
}

function isSame(a: unknown, b: unknown): boolean {
  return a === b || deepEqual(a, b);
}

function usesOf(pod: Pod, namespace: string): readonly string[] {
  const { secrets, configMaps, claims, resourceClaims }: PodReferences = referencesOf(pod);
  const uses = new Set<string>();
  const add = (kind: Related, names: readonly string[]) => {
    for (const name of names) uses.add(key(kind, namespace, name));
  };
  add("secret", secrets);
  add("configMap", configMaps);
  add("persistentVolumeClaim", claims);
  add("resourceClaim", resourceClaims);
  if (pod.spec.serviceAccountName) add("serviceAccount", [pod.spec.serviceAccountName]);
  return [...uses];
}
