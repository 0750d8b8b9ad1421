import { createPrivateKey, createPublicKey, generateKeyPairSync, X509Certificate } from "node:crypto";
import { join } from "node:path";
import { CertificateAuthority, type CertificateRequest, isAddress, type KeyPair } from "../certificates/index.ts";
import type { Host } from "../host/index.ts";
import { makeFolder, readIfPresent, writeFilesAtomically } from "./files.ts";

/** All key material of one cluster, PEM. The certificate authority signs the API server's and the clients' certificates. */
export interface Pki {
  readonly ca: KeyPair;
  readonly apiserver: KeyPair;
  /** Client certificate of `admin` in `system:masters`. */
  readonly admin: KeyPair;
  /** Client certificate by which kubelets know the API server: `kube-apiserver-kubelet-client`. */
  readonly kubeletClient: KeyPair;
  /** By which servers behind the API server know it: an authority of its own, so that no other certificate does. */
  readonly frontProxy: { readonly ca: KeyPair; readonly client: KeyPair };
  /** Signs service account tokens. */
  readonly serviceAccount: { readonly privateKey: string; readonly publicKey: string };
}

export interface PkiOptions {
  /** The address that the API server listens on; becomes a name of its certificate. */
  readonly bindAddress: string;
  /** The first address of the service range: `kubernetes.default.svc`. */
  readonly serviceIP: string;
  /** Further DNS names or addresses of the serving certificate. */
  readonly extraNames?: readonly string[];
}

const dayMs = 24 * 60 * 60 * 1000;
/** kubeadm's validity: ten years for the authority, one year for what it signs. */
const caValidityMs = 3650 * dayMs;
const leafValidityMs = 365 * dayMs;
/** A certificate that ends sooner than this is made anew at start. */
const renewBeforeMs = 30 * dayMs;
/** Clocks of clients may be behind. */
const backdateMs = 60 * 60 * 1000;

/** The DNS names and addresses that clients may use for the API server. */
export function servingNames(options: PkiOptions): string[] {
  const names = [
    "localhost",
    "kubernetes",
    "kubernetes.default",
    "kubernetes.default.svc",
    "kubernetes.default.svc.cluster.local",
    "127.0.0.1",
    "::1",
    options.serviceIP,
    ...(options.extraNames ?? []),
  ];
  if (options.bindAddress !== "0.0.0.0" && options.bindAddress !== "::") names.push(options.bindAddress);
  return [...new Set(names)];
}

/**
 * Reads the key material under `dir`, or makes what is missing, about to expire, or lacks a name that is needed now.
 * The authority and the service account key are never replaced. Without `dir` everything is made anew in memory.
 */
export async function loadOrCreatePki(host: Host, dir: string | undefined, options: PkiOptions): Promise<Pki> {
  const files = dir === undefined ? new Map<string, string>() : readPkiFiles(dir);
  const fresh = new Map<string, string>();
  const put = (name: string, text: string) => {
    files.set(name, text);
    fresh.set(name, text);
  };
  const now = host.clock.now();
  const pair = (name: string): KeyPair | undefined => {
    const cert = files.get(`${name}.crt`);
    const key = files.get(`${name}.key`);
    return cert !== undefined && key !== undefined ? { cert, key } : undefined;
  };

  const missing: string[] = [];
  if (!pair("ca")) missing.push("ca");
  const apiserver = pair("apiserver");
  const names = servingNames(options);
  if (missing.length > 0 || !apiserver || expiresSoon(apiserver.cert, now) || !coversNames(apiserver.cert, names)) {
    missing.push("apiserver");
  }
  const admin = pair("admin");
  if (missing.includes("ca") || !admin || expiresSoon(admin.cert, now)) missing.push("admin");
  const kubeletClient = pair(kubeletClientName);
  if (missing.includes("ca") || !kubeletClient || expiresSoon(kubeletClient.cert, now)) missing.push(kubeletClientName);
  const proxyCa = pair(frontProxyCaName);
  const proxyClient = pair(frontProxyClientName);
  if (!proxyCa) missing.push(frontProxyCaName);
  if (!proxyCa || !proxyClient || expiresSoon(proxyClient.cert, now)) missing.push(frontProxyClientName);

  if (missing.length > 0) {
    const authorityOf = (existing: KeyPair | undefined, name: string) =>
      existing
        ? CertificateAuthority.load(existing, host)
        : CertificateAuthority.create(name, now - backdateMs, now + caValidityMs, host);
    const authority = authorityOf(pair("ca"), "kubernetes");
    if (missing.includes("ca")) {
      put("ca.crt", authority.pair.cert);
      put("ca.key", authority.pair.key);
    }
    const validity = leafValidity(now);
    if (missing.includes(frontProxyClientName)) {
      const proxies = authorityOf(proxyCa, frontProxyCaName);
      if (!proxyCa) {
        put(`${frontProxyCaName}.crt`, proxies.pair.cert);
        put(`${frontProxyCaName}.key`, proxies.pair.key);
      }
      const made = proxies.issue({ ...validity, commonName: frontProxyClientName, usage: "client" });
      put(`${frontProxyClientName}.crt`, made.cert);
      put(`${frontProxyClientName}.key`, made.key);
    }
    const issue = (
      name: string,
      request: Pick<CertificateRequest, "commonName" | "organization" | "names" | "usage">,
    ) => {
      if (!missing.includes(name)) return;
      const made = authority.issue({ ...validity, ...request });
      put(`${name}.crt`, made.cert);
      put(`${name}.key`, made.key);
    };
    issue("apiserver", { commonName: "kube-apiserver", names, usage: "server" });
    issue("admin", { commonName: "admin", organization: "system:masters", usage: "client" });
    issue(kubeletClientName, {
      commonName: "kube-apiserver-kubelet-client",
      organization: "system:masters",
      usage: "client",
    });
  }
  if (!files.has("sa.key")) {
    const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    put("sa.key", privateKey.export({ type: "pkcs8", format: "pem" }).toString());
  }
  const serviceAccountKey = required(files, "sa.key");
  const publicKey = createPublicKey(createPrivateKey(serviceAccountKey))
    .export({ type: "spki", format: "pem" })
    .toString();
  if (files.get("sa.pub") !== publicKey) put("sa.pub", publicKey);

  if (dir !== undefined && fresh.size > 0) await writePkiFiles(dir, fresh);
  return {
    ca: { cert: required(files, "ca.crt"), key: required(files, "ca.key") },
    apiserver: { cert: required(files, "apiserver.crt"), key: required(files, "apiserver.key") },
    admin: { cert: required(files, "admin.crt"), key: required(files, "admin.key") },
    kubeletClient: {
      cert: required(files, `${kubeletClientName}.crt`),
      key: required(files, `${kubeletClientName}.key`),
    },
    frontProxy: {
      ca: { cert: required(files, `${frontProxyCaName}.crt`), key: required(files, `${frontProxyCaName}.key`) },
      client: {
        cert: required(files, `${frontProxyClientName}.crt`),
        key: required(files, `${frontProxyClientName}.key`),
      },
    },
    serviceAccount: { privateKey: serviceAccountKey, publicKey },
  };
}

const kubeletClientName = "apiserver-kubelet-client";
const frontProxyCaName = "front-proxy-ca";
const frontProxyClientName = "front-proxy-client";
const fileNames = [
  "ca.crt",
  "ca.key",
  "apiserver.crt",
  "apiserver.key",
  "admin.crt",
  "admin.key",
  `${kubeletClientName}.crt`,
  `${kubeletClientName}.key`,
  `${frontProxyCaName}.crt`,
  `${frontProxyCaName}.key`,
  `${frontProxyClientName}.crt`,
  `${frontProxyClientName}.key`,
  "sa.key",
  "sa.pub",
];

function readPkiFiles(dir: string): Map<string, string> {
  const files = new Map<string, string>();
  for (const name of fileNames) {
    const text = readIfPresent(join(dir, name));
    if (text !== undefined) files.set(name, text);
  }
  return files;
}

async function writePkiFiles(dir: string, files: ReadonlyMap<string, string>): Promise<void> {
  makeFolder(dir, 0o700);
  const modeOf = (name: string) => (name.endsWith(".key") ? 0o600 : 0o644);
  await writeFilesAtomically([...files].map(([name, text]) => ({ path: join(dir, name), text, mode: modeOf(name) })));
}

function required(files: ReadonlyMap<string, string>, name: string): string {
  const text = files.get(name);
  if (text === undefined) throw new Error(`the key material lacks ${name}`);
  return text;
}

/** From when to when a certificate holds that is issued now. */
export function leafValidity(nowMs: number): { notBefore: number; notAfter: number } {
  return { notBefore: nowMs - backdateMs, notAfter: nowMs + leafValidityMs };
}

export function expiresSoon(certPem: string, nowMs: number): boolean {
  return Date.parse(new X509Certificate(certPem).validTo) - nowMs < renewBeforeMs;
}

export function coversNames(certPem: string, names: readonly string[]): boolean {
  const cert = new X509Certificate(certPem);
  return names.every((name) => (isAddress(name) ? cert.checkIP(name) : cert.checkHost(name)) !== undefined);
}
