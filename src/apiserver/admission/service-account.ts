import { errors, generateName, type KubeObject } from "../../api/meta/index.ts";
import type { Random } from "../../host/index.ts";
import type { AdmissionPlugin } from "./admission.ts";
import type { Lookup } from "./lookup.ts";
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
    handles: (attributes) => isPod(attributes, "CREATE") && !isMirrorPod(attributes.object),
    async admit(attributes) {
      const spec = specOf(attributes);
      const name = spec.serviceAccountName || "default";
      spec.serviceAccountName = name;
      spec.serviceAccount = name;
      const { namespace } = attributes;
      const account: ServiceAccount | undefined = await lookup.get("", "serviceaccounts", namespace, name);
      if (account === undefined) {
        const why = errors.notFound({ group: "", resource: "serviceaccount" }, name).message;
        throw refuse(attributes, `error looking up service account ${namespace}/${name}: ${why}`);
      }
      if (spec.automountServiceAccountToken ?? account.automountServiceAccountToken ?? true) mountToken(spec, random);
      if (!spec.imagePullSecrets?.length && account.imagePullSecrets?.length) {
        spec.imagePullSecrets = account.imagePullSecrets.map((secret) => ({ ...secret }));
      }
    },
  };
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
