import type { ConfigMap, PersistentVolumeClaim, Secret } from "../api/types/index.ts";
import { type Client, resources } from "../client/index.ts";

/** What a pod can refer to. */
export interface References {
  /** @throws ApiError also when there is none. */
  claim(namespace: string, name: string): Promise<PersistentVolumeClaim>;
  configMap(namespace: string, name: string): Promise<ConfigMap | undefined>;
  secret(namespace: string, name: string): Promise<Secret | undefined>;
}

export function clientReferences(client: Pick<Client, "resource">): References {
  return {
    claim: (namespace, name) => client.resource(resources.persistentvolumeclaims).get({ namespace, name }),
    configMap: (namespace, name) => client.resource(resources.configmaps).find({ namespace, name }),
    secret: (namespace, name) => client.resource(resources.secrets).find({ namespace, name }),
  };
}
