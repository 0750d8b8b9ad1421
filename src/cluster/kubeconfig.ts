import { homedir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { makeFolder, readIfPresent, writeFileAtomically } from "./files.ts";

/** What a client needs to reach a cluster as its administrator. */
export interface KubeconfigEntry {
  /** Name of the cluster, the user and the context. */
  readonly name: string;
  readonly server: string;
  readonly caPem: string;
  readonly clientCertPem: string;
  readonly clientKeyPem: string;
}

/** A kubeconfig cannot be read or written; the message names the file and what to do. */
export class KubeconfigError extends Error {
  override readonly name = "KubeconfigError";
}

/** A whole kubeconfig with this one cluster, as YAML. */
export function renderKubeconfig(entry: KubeconfigEntry): string {
  return `apiVersion: v1
kind: Config
current-context: ${entry.name}
clusters:
- name: ${entry.name}
  cluster:
    server: ${entry.server}
    certificate-authority-data: ${base64(entry.caPem)}
contexts:
- name: ${entry.name}
  context:
    cluster: ${entry.name}
    user: ${entry.name}
users:
- name: ${entry.name}
  user:
    client-certificate-data: ${base64(entry.clientCertPem)}
    client-key-data: ${base64(entry.clientKeyPem)}
`;
}

/**
 * The file that kubectl would write to: the first existing one of `$KUBECONFIG`'s list, its last one when none exists,
 * `~/.kube/config` without the variable (the rules of client-go's clientcmd).
 */
export function defaultKubeconfigPath(env: Readonly<Record<string, string | undefined>>): string {
  const listed = (env.KUBECONFIG ?? "").split(delimiter).filter((path) => path !== "");
  const existing = listed.find((path) => readIfPresent(path) !== undefined);
  return existing ?? listed.at(-1) ?? join(env.HOME ?? homedir(), ".kube", "config");
}

/** Writes `entry` alone into the file. */
export function writeKubeconfig(path: string, entry: KubeconfigEntry): void {
  save(path, renderKubeconfig(entry));
}

/** Sets cluster, user and context in the file and makes the context current; all else in it stays, comments too. */
export async function mergeKubeconfig(path: string, entry: KubeconfigEntry): Promise<void> {
  const text = read(path);
  if (text === undefined || text.trim() === "") {
    save(path, renderKubeconfig(entry));
    return;
  }
  const { isMap, isSeq, parseDocument } = await import("yaml");
  const document = parseDocument(text);
  const problem = document.errors[0];
  if (problem) {
    // The first line says what and where; those below it show the file, which holds keys and tokens.
    const [what = ""] = problem.message.split(":\n");
    throw new KubeconfigError(`${path} is not valid YAML (${what}); repair it or use --kubeconfig`);
  }
  if (!isMap(document.contents))
    throw new KubeconfigError(`${path} holds no kubeconfig; repair it or use --kubeconfig`);

  const set = (list: string, field: string, value: object) => {
    const items = document.get(list);
    const made = document.createNode({ name: entry.name, [field]: value });
    if (!isSeq(items)) {
      document.set(list, document.createNode([{ name: entry.name, [field]: value }]));
      return;
    }
    const at = items.items.findIndex((item) => isMap(item) && item.get("name") === entry.name);
    if (at < 0) items.add(made);
    else items.set(at, made);
  };
  set("clusters", "cluster", { server: entry.server, "certificate-authority-data": base64(entry.caPem) });
  set("users", "user", {
    "client-certificate-data": base64(entry.clientCertPem),
    "client-key-data": base64(entry.clientKeyPem),
  });
  // A namespace that the user chose for this context stays chosen.
  const contexts = document.get("contexts");
  const known = isSeq(contexts)
    ? contexts.items.find((item) => isMap(item) && item.get("name") === entry.name)
    : undefined;
  const namespace: unknown = isMap(known) ? known.getIn(["context", "namespace"]) : undefined;
  set("contexts", "context", {
    cluster: entry.name,
    user: entry.name,
    ...(typeof namespace === "string" && { namespace }),
  });
  if (!document.has("apiVersion")) document.set("apiVersion", "v1");
  if (!document.has("kind")) document.set("kind", "Config");
  document.set("current-context", entry.name);
  const merged = document.toString({ lineWidth: 0 });
  if (merged !== text) save(path, merged);
}

function read(path: string): string | undefined {
  try {
    return readIfPresent(path);
  } catch (error) {
    throw new KubeconfigError(`cannot read the kubeconfig ${path}: ${reasonOf(error)}`);
  }
}

function save(path: string, text: string): void {
  try {
    makeFolder(dirname(path), 0o700);
    writeFileAtomically(path, text, 0o600);
  } catch (error) {
    throw new KubeconfigError(`cannot write the kubeconfig ${path}: ${reasonOf(error)}`);
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function base64(pem: string): string {
  return Buffer.from(pem).toString("base64");
}
