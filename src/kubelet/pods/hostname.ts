import type { Pod } from "../../api/types/index.ts";

/** What the kernel takes as a host's name. */
const kernelHostnameMax = 64;
const labelMax = 63;

/** The name that the pod's containers have: the spec's, or the pod's, cut to what a label may be. */
export function podHostname(pod: Pod): string {
  const { hostname, hostnameOverride } = pod.spec ?? {};
  if (hostnameOverride) return hostnameOverride;
  if (hostname) return hostname;
  const name = pod.metadata.name ?? "";
  return name.length <= labelMax ? name : name.slice(0, labelMax).replace(/[-.]+$/, "");
}

/** With the pod's subdomain; undefined without one. */
export function fqdnOf(pod: Pod, clusterDomain: string): string | undefined {
  const { subdomain, hostnameOverride } = pod.spec ?? {};
  if (!subdomain || hostnameOverride) return undefined;
  return `${podHostname(pod)}.${subdomain}.${pod.metadata.namespace}.svc.${clusterDomain}`;
}

/** The sandbox's name. @throws when the whole name is wanted and the kernel takes no such long ones. */
export function sandboxHostname(pod: Pod, clusterDomain: string): string {
  const fqdn = fqdnOf(pod, clusterDomain);
  if (pod.spec?.setHostnameAsFQDN !== true || fqdn === undefined) return podHostname(pod);
  if (fqdn.length <= kernelHostnameMax) return fqdn;
  throw new Error(
    `failed to construct FQDN from pod hostname and cluster domain, FQDN ${fqdn} is too long (${kernelHostnameMax} characters is the max, ${fqdn.length} characters requested)`,
  );
}
