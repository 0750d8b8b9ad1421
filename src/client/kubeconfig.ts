import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { delimiter, dirname, join, resolve } from "node:path";
import { parseYaml } from "../api/codec/index.ts";
import { hasCode } from "../host/index.ts";

/** How to reach one API server and who to be there. PEM texts. */
export interface ConnectionConfig {
  /** `https://host:port`, possibly with a path prefix. */
  readonly server: string;
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly token?: string;
  /** Read again now and then, since such tokens rotate. */
  readonly tokenFile?: string;
  /** Asked before every request; it remembers its tokens itself. */
  readonly getToken?: () => Promise<string>;
  readonly insecure?: boolean;
  readonly tlsServerName?: string;
  /** Of the context. */
  readonly namespace?: string;
}

interface Named<K extends string, T> {
  name: string;
  body: T;
  /** Folder that relative paths in it start from. */
  folder: string;
  field: K;
}

type Section = "clusters" | "users" | "contexts";
type Fields = Record<string, unknown>;

interface Merged {
  currentContext: string | undefined;
  entries: Named<Section, Fields>[];
}

const bodyField: Record<Section, string> = { clusters: "cluster", users: "user", contexts: "context" };
const unsupported = ["exec", "auth-provider", "username", "proxy-url"];

/**
 * Reads a kubeconfig file (default: the files of $KUBECONFIG, merged as kubectl does, else ~/.kube/config) and gives what
 * the context (default: the current one) says. Throws an Error that names the file and what is wrong with it.
 */
export async function loadKubeconfig(path?: string, context?: string): Promise<ConnectionConfig> {
  const paths = path !== undefined ? [path] : defaultPaths();
  const merged: Merged = { currentContext: undefined, entries: [] };
  for (const file of paths) merge(merged, await parseFile(file, paths.length > 1), dirname(resolve(file)));
  const where = paths.join(delimiter);
  const contextName = context ?? merged.currentContext;
  if (contextName === undefined || contextName === "") throw new Error(`${where}: no current context is set`);
  const chosen = find(merged, "contexts", contextName, where).body;
  const cluster = find(merged, "clusters", text(chosen, "cluster") ?? "", where);
  const userName = text(chosen, "user");
  const user = userName === undefined ? undefined : find(merged, "users", userName, where);
  return connection(chosen, cluster, user, where);
}

function defaultPaths(): string[] {
  const fromEnvironment = (process.env.KUBECONFIG ?? "").split(delimiter).filter((path) => path !== "");
  return fromEnvironment.length > 0 ? fromEnvironment : [join(homedir(), ".kube", "config")];
}

async function parseFile(path: string, mayBeAbsent: boolean): Promise<Fields> {
  let content: string;
  try {
    content = await readFile(path, "utf8");
  } catch (error) {
    if (mayBeAbsent && hasCode(error, "ENOENT")) return {};
    throw new Error(`cannot read kubeconfig ${path}: ${(error as Error).message}`, { cause: error });
  }
  try {
    const { value } = await parseYaml(content);
    return isFields(value) ? value : {};
  } catch (error) {
    // One line without an excerpt: the file holds keys and tokens.
    throw new Error(`${path} is no YAML: ${(error as Error).message}`, { cause: error });
  }
}

/** The first file that names something wins. */
function merge(into: Merged, file: Fields, folder: string): void {
  into.currentContext ||= text(file, "current-context");
  for (const field of ["clusters", "users", "contexts"] as const) {
    const list = file[field];
    if (!Array.isArray(list)) continue;
    for (const item of list) {
      if (!isFields(item) || typeof item.name !== "string") continue;
      if (into.entries.some((known) => known.field === field && known.name === item.name)) continue;
      const body = item[bodyField[field]];
      into.entries.push({ field, name: item.name, body: isFields(body) ? body : {}, folder });
    }
  }
}

function find(merged: Merged, field: Section, name: string, where: string): Named<Section, Fields> {
  const found = merged.entries.find((entry) => entry.field === field && entry.name === name);
  if (found === undefined) throw new Error(`${where}: there is no ${bodyField[field]} ${JSON.stringify(name)}`);
  return found;
}

async function connection(
  context: Fields,
  cluster: Named<Section, Fields>,
  user: Named<Section, Fields> | undefined,
  where: string,
): Promise<ConnectionConfig> {
  const server = text(cluster.body, "server");
  if (server === undefined) throw new Error(`${where}: cluster ${JSON.stringify(cluster.name)} names no server`);
  for (const part of [cluster, user]) {
    const field = unsupported.find((name) => part?.body[name] !== undefined);
    if (field !== undefined) throw new Error(`${where}: ${field} of ${JSON.stringify(part?.name)} is not supported`);
  }
  const tokenFile = user === undefined ? undefined : text(user.body, "tokenFile");
  return {
    server,
    ca: await pem(cluster, "certificate-authority"),
    cert: user && (await pem(user, "client-certificate")),
    key: user && (await pem(user, "client-key")),
    token: user && text(user.body, "token"),
    tokenFile: user && tokenFile && resolve(user.folder, tokenFile),
    insecure: cluster.body["insecure-skip-tls-verify"] === true,
    tlsServerName: text(cluster.body, "tls-server-name"),
    namespace: text(context, "namespace"),
  };
}

async function pem(entry: Named<Section, Fields>, field: string): Promise<string | undefined> {
  const data = text(entry.body, `${field}-data`);
  if (data !== undefined) return Buffer.from(data, "base64").toString("utf8");
  const path = text(entry.body, field);
  if (path === undefined) return undefined;
  try {
    return await readFile(resolve(entry.folder, path), "utf8");
  } catch (error) {
    throw new Error(`cannot read ${field} of ${entry.name}: ${(error as Error).message}`, { cause: error });
  }
}

function text(fields: Fields, name: string): string | undefined {
  const value = fields[name];
  return typeof value === "string" && value !== "" ? value : undefined;
}

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
