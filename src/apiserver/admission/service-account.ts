import { errors, generateName, type KubeObject } from "../../api/meta/index.ts";
import type { Pod } from "../../api/types/index.ts";
import type { Random } from "../../host/index.ts";
import { type AdmissionPlugin, type Attributes, isAbout } from "./admission.ts";
import type { Lookup } from "./lookup.ts";
import { foreignEphemeralSecret, foreignSecret, limitsSecrets } from "./mountable-secrets.ts";
import { type Container, isMirrorPod, isPod, type PodSpec, specOf } from "./pod.ts";
import { refuse } from "./refusal.ts";

type ServiceAccount = KubeObject & {
  automountServiceAccountToken?: boolean;
  imagePullSecrets?: { name?: string }[];
};

const tokenPath = "/var/run/secrets/kubernetes.io/serviceaccount";
const volumePrefix = "kube-api-access-";
/** An hour and seven seconds: by this odd figure the token issuer knows its own volumes. */
const tokenExpirationSeconds = 60 * 60 + 7;

/** A pod runs as a service account of its namespace, whose token is mounted into every container. */
export function serviceAccount(lookup: Lookup, random: Random): AdmissionPlugin {
  return {
    name: "ServiceAccount",
    handles: (attributes) => isPod(attributes, "CREATE") || addsContainers(attributes),
    async admit(attributes) {
      if (addsContainers(attributes) || isMirrorPod(attributes.object)) return;
      const spec = specOf(attributes);
      const name = spec.serviceAccountName || "default";
      spec.serviceAccountName = name;
      spec.serviceAccount = name;
      const account = await accountOf(lookup, attributes, name);
      if (spec.automountServiceAccountToken ?? account.automountServiceAccountToken ?? true) mountToken(spec, random);
      if (!spec.imagePullSecrets?.length && account.imagePullSecrets?.length) {
        spec.imagePullSecrets = account.imagePullSecrets.map((secret) => ({ ...secret }));
      }
    },
    async validate(attributes) {
      const pod = attributes.object as Pod;
      if (isMirrorPod(pod) && !addsContainers(attributes)) return checkMirrorPod(attributes, pod);
      const account = await accountOf(lookup, attributes, pod.spec.serviceAccountName ?? "");
      if (!limitsSecrets(account)) return;
      const found = addsContainers(attributes) ? foreignEphemeralSecret(account, pod) : foreignSecret(account, pod);
      if (found !== undefined) throw refuse(attributes, found);
    },
  };
}

function addsContainers(attributes: Attributes): boolean {
  return attributes.operation === "UPDATE" && isAbout(attributes, "", "pods", "ephemeralcontainers");
}

async function accountOf(lookup: Lookup, attributes: Attributes, name: string): Promise<ServiceAccount> {
  const { namespace } = attributes;
  if (name === "") {
    const pod = attributes.object?.metadata.name ?? "";
    throw refuse(attributes, `no service account specified for pod ${namespace}/${pod}`);
  }
  const account: ServiceAccount | undefined = await lookup.get("", "serviceaccounts", namespace, name);
  if (account !== undefined) return account;
  const why = errors.notFound({ group: "", resource: "serviceaccount" }, name).message;
  throw refuse(attributes, `error looking up service account ${namespace}/${name}: ${why}`);
}

/** A pod of a node's own manifests is not run by the API server's word: it gets nothing from there. */
function checkMirrorPod(attributes: Attributes, { spec }: Pod): void {
  if (spec.serviceAccountName) throw refuse(attributes, "a mirror pod may not reference service accounts");
  if (spec.volumes?.some((volume) => volume.secret !== undefined))
    throw refuse(attributes, "a mirror pod may not reference secrets");
  const projects = (kind: string) =>
    spec.volumes?.some((volume) => volume.projected?.sources?.some((source) => kind in source));
  if (projects("serviceAccountToken"))
    throw refuse(attributes, "a mirror pod may not use ServiceAccountToken volume projections");
}

function mountToken(spec: PodSpec, random: Random): void {
  const existing = spec.volumes?.find((volume) => volume.name.startsWith(volumePrefix));
  const name = existing?.name ?? generateName(volumePrefix, random);
  let needed = false;
  for (const container of [...(spec.initContainers ?? []), ...(spec.containers ?? [])]) {
    if (mountIn(container, name)) needed = true;
  }
  if (existing === undefined && needed) spec.volumes = [...(spec.volumes ?? []), tokenVolume(name)];
}

/** False when the container mounts something else there. */
function mountIn(container: Container, volume: string): boolean {
  if (container.volumeMounts?.some((mount) => mount.mountPath === tokenPath)) return false;
  container.volumeMounts = [...(container.volumeMounts ?? []), { name: volume, readOnly: true, mountPath: tokenPath }];
  return true;
}

function tokenVolume(name: string) {
  const items = [{ key: "ca.crt", path: "ca.crt" }];
  const fieldRef = { apiVersion: "v1", fieldPath: "metadata.namespace" };
  return {
    name,
    projected: {
      sources: [
        { serviceAccountToken: { expirationSeconds: tokenExpirationSeconds, path: "token" } },
        { configMap: { name: "kube-root-ca.crt", items } },
        { downwardAPI: { items: [{ path: "namespace", fieldRef }] } },
      ],
      defaultMode: 0o644,
    },
  };
}
