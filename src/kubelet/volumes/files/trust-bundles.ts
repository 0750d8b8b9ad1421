import { type KubeObject, labelSelectorAsSelector, matches } from "../../../api/meta/index.ts";
import type { ClusterTrustBundleProjection } from "../../../api/types/index.ts";
import { type Client, resourceType } from "../../../client/index.ts";

interface ClusterTrustBundle extends KubeObject {
  readonly spec: { readonly signerName?: string; readonly trustBundle: string };
}

const clusterTrustBundles = resourceType<ClusterTrustBundle>({
  group: "certificates.k8s.io",
  version: "v1beta1",
  resource: "clustertrustbundles",
  kind: "ClusterTrustBundle",
  namespaced: false,
});

const begin = "-----BEGIN CERTIFICATE-----";
const end = "-----END CERTIFICATE-----";

/** The certificates that a volume shows of cluster trust bundles: each once, in an order that tells nothing. @throws Error when there is no bundle and one is needed */
export async function trustBundleText(
  client: Pick<Client, "resource">,
  { name, signerName, labelSelector, optional }: ClusterTrustBundleProjection,
): Promise<string> {
  const { items } = await client.resource(clusterTrustBundles).list();
  if (name !== undefined) {
    const bundle = items.find(({ metadata }) => metadata.name === name);
    if (bundle !== undefined) return certificates([bundle.spec.trustBundle]);
    if (optional === true) return "";
    throw new Error(`clustertrustbundle.certificates.k8s.io ${JSON.stringify(name)} not found`);
  }
  const selector = labelSelectorAsSelector(labelSelector);
  const chosen = items.filter(
    ({ metadata, spec }) => spec.signerName === signerName && matches(selector, metadata.labels ?? {}),
  );
  if (chosen.length === 0 && optional !== true) {
    throw new Error(
      `combination of signerName and labelSelector matched zero ClusterTrustBundles: ${JSON.stringify(signerName)}`,
    );
  }
  return certificates(chosen.map(({ spec }) => spec.trustBundle));
}

function certificates(bundles: readonly string[]): string {
  const found = new Set<string>();
  for (const bundle of bundles) {
    for (const part of bundle.split(begin).slice(1)) {
      const body = part.split(end, 1)[0] ?? "";
      found.add(`${begin}\n${body.trim()}\n${end}\n`);
    }
  }
  return [...found].sort().join("");
}
