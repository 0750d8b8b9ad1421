import { join } from "node:path";
import { type ClusterState, DataFolderError } from "./data-folder.ts";
import { readIfPresent } from "./files.ts";
import type { KubeconfigEntry } from "./kubeconfig.ts";
import type { Pki } from "./pki.ts";

/** The administrator's entry in a kubeconfig. */
export function adminEntry(name: string, server: string, pki: Pick<Pki, "ca" | "admin">): KubeconfigEntry {
  return { name, server, caPem: pki.ca.cert, clientCertPem: pki.admin.cert, clientKeyPem: pki.admin.key };
}

/** The same for a cluster that is known by its data folder. @throws DataFolderError when its key files are gone. */
export function storedAdminEntry(dataDir: string, state: ClusterState): KubeconfigEntry {
  const read = (name: string) => {
    const path = join(dataDir, "pki", name);
    const text = readIfPresent(path);
    if (text === undefined) throw new DataFolderError(`${path} is missing: start the cluster again to renew it`);
    return text;
  };
  const admin = { cert: read("admin.crt"), key: read("admin.key") };
  return adminEntry(state.name, state.url, { ca: { cert: read("ca.crt"), key: "" }, admin });
}
