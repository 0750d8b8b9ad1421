import { join } from "node:path";
import { CertificateAuthority, type KeyPair } from "../certificates/index.ts";
import type { Host } from "../host/index.ts";
import { makeFolder, readIfPresent, writeFileAtomically } from "./files.ts";
import { coversNames, expiresSoon, leafValidity } from "./pki.ts";

/** The keys of the etcd API: an authority of its own, so that no other client of the cluster may read its secrets there. */
export interface EtcdPki {
  readonly ca: KeyPair;
  readonly server: KeyPair;
  /** For etcdctl and other API servers. */
  readonly client: KeyPair;
}

/** Where they are below the folder of keys, as kubeadm places them. */
const places = { ca: "etcd/ca", server: "etcd/server", client: "apiserver-etcd-client" } as const;
type Place = keyof typeof places;

const authorityValidityMs = 3650 * 24 * 60 * 60 * 1000;

/** Reads the keys under `dir`, or makes what is missing, about to expire, or lacks a name. The authority is never replaced. */
export function loadOrCreateEtcdPki(host: Host, dir: string, names: readonly string[]): EtcdPki {
  const nowMs = host.clock.now();
  const found = { ca: read(dir, "ca"), server: read(dir, "server"), client: read(dir, "client") };
  const isGood = (pair: KeyPair | undefined, of: readonly string[]) =>
    found.ca !== undefined && pair !== undefined && !expiresSoon(pair.cert, nowMs) && coversNames(pair.cert, of);
  if (found.ca && found.server && found.client && isGood(found.server, names) && isGood(found.client, [])) {
    return { ca: found.ca, server: found.server, client: found.client };
  }
  const validity = leafValidity(nowMs);
  const authority = found.ca
    ? CertificateAuthority.load(found.ca, host)
    : CertificateAuthority.create("etcd-ca", validity.notBefore, nowMs + authorityValidityMs, host);
  const issue = (request: Omit<Parameters<typeof authority.issue>[0], "notBefore" | "notAfter">) =>
    authority.issue({ ...validity, ...request });
  const server =
    found.server && isGood(found.server, names)
      ? found.server
      : issue({ commonName: "kube-etcd", names, usage: "server" });
  const client =
    found.client && isGood(found.client, [])
      ? found.client
      : issue({ commonName: "kube-apiserver-etcd-client", organization: "system:masters", usage: "client" });
  const pki = { ca: authority.pair, server, client };
  makeFolder(join(dir, "etcd"), 0o700);
  for (const place of ["ca", "server", "client"] as const) write(dir, place, pki[place]);
  return pki;
}

function read(dir: string, place: Place): KeyPair | undefined {
  const cert = readIfPresent(join(dir, `${places[place]}.crt`));
  const key = readIfPresent(join(dir, `${places[place]}.key`));
  return cert !== undefined && key !== undefined ? { cert, key } : undefined;
}

function write(dir: string, place: Place, { cert, key }: KeyPair): void {
  writeFileAtomically(join(dir, `${places[place]}.crt`), cert, 0o644);
  writeFileAtomically(join(dir, `${places[place]}.key`), key, 0o600);
}
