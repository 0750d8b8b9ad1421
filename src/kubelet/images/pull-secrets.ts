import type { Pod, Secret } from "../../api/types/index.ts";
import type { References } from "../references.ts";
import type { ImageAuth } from "../runtime/runtime.ts";

const dockerHub = "index.docker.io";

interface Entry {
  readonly username?: string;
  readonly password?: string;
  readonly auth?: string;
  readonly identitytoken?: string;
  readonly registrytoken?: string;
}

export interface PullSecrets {
  readonly secrets: readonly Secret[];
  /** Names of those that there are not. */
  readonly missing: readonly string[];
}

/** The secrets that a pod names for pulling its images. */
export async function pullSecretsOf(pod: Pod, references: Pick<References, "secret">): Promise<PullSecrets> {
  const names = (pod.spec?.imagePullSecrets ?? []).map(({ name = "" }) => name).filter((name) => name !== "");
  const found = await Promise.all(
    names.map(async (name) => {
      // A secret that may not be read, or not now, is as good as none: the pull may work without it.
      const secret = await references.secret(pod.metadata.namespace ?? "", name).catch(() => undefined);
      return { name, secret };
    }),
  );
  return {
    secrets: found.flatMap(({ secret }) => secret ?? []),
    missing: found.filter(({ secret }) => secret === undefined).map(({ name }) => name),
  };
}

/** Whom the secrets make us for an image's registry: the one with the longest matching path first. */
export function authsFor(image: string, secrets: readonly Secret[]): readonly ImageAuth[] {
  const target = repositoryOf(image);
  const matching = secrets
    .flatMap(entriesOf)
    .map(([key, entry]) => ({ place: placeOf(key), entry }))
    .filter(({ place }) => matches(place, target));
  matching.sort((a, b) => b.place.length - a.place.length);
  return matching.map(({ place, entry }) => authOf(place.split("/")[0] ?? "", entry));
}

/** `registry[:port]/path`, without tag and digest; a name without a registry is Docker Hub's. */
function repositoryOf(image: string): string {
  const [named = ""] = image.split("@", 1);
  const slash = named.lastIndexOf("/");
  const colon = named.indexOf(":", slash + 1);
  const name = colon < 0 ? named : named.slice(0, colon);
  const [first = "", ...rest] = name.split("/");
  const hasRegistry = rest.length > 0 && (/[.:]/.test(first) || first === "localhost");
  if (!hasRegistry) return `${dockerHub}/${rest.length === 0 ? `library/${name}` : name}`;
  return first === "docker.io" ? `${dockerHub}/${rest.join("/")}` : name;
}

/** The place of a configuration's key: without scheme and the version of the registry's interface. */
function placeOf(key: string): string {
  const bare = key.replace(/^https?:\/\//, "").replace(/\/+$/, "");
  const place = bare.replace(/\/v[12]$/, "");
  return place === "docker.io" || place === "registry-1.docker.io" ? dockerHub : place;
}

/** Whether a place covers a repository: the host may have `*` for a part of its name, the path is a prefix. */
function matches(place: string, repository: string): boolean {
  const [host = "", ...path] = place.split("/");
  const [registry = "", ...name] = repository.split("/");
  if (!hostMatches(host, registry)) return false;
  return name.join("/").startsWith(path.join("/"));
}

function hostMatches(pattern: string, host: string): boolean {
  const [patternName = "", patternPort = ""] = pattern.split(":");
  const [name = "", port = ""] = host.split(":");
  if (patternPort !== port) return false;
  const wanted = patternName.split(".");
  const parts = name.split(".");
  return wanted.length === parts.length && wanted.every((part, index) => partMatches(part, parts[index] ?? ""));
}

function partMatches(pattern: string, part: string): boolean {
  const source = pattern.replace(/[.+?^${}()|[\]\\]/g, "\\$&").replaceAll("*", ".*");
  return new RegExp(`^${source}$`).test(part);
}

function entriesOf({ type, data = {} }: Secret): [string, Entry][] {
  try {
    if (type === "kubernetes.io/dockerconfigjson") return Object.entries(decode(data[".dockerconfigjson"]).auths ?? {});
    if (type === "kubernetes.io/dockercfg") return Object.entries(decode(data[".dockercfg"]));
  } catch {
    // The API checks the form; what is broken all the same opens no registry.
  }
  return [];
}

function decode(text = "") {
  return JSON.parse(Buffer.from(text, "base64").toString("utf8"));
}

function authOf(serverAddress: string, { username, password, auth, identitytoken, registrytoken }: Entry): ImageAuth {
  const [authName, ...authPassword] = auth === undefined ? [] : Buffer.from(auth, "base64").toString("utf8").split(":");
  return {
    serverAddress,
    username: username ?? authName,
    password: password ?? (auth === undefined ? undefined : authPassword.join(":").replace(/\0+$/, "")),
    ...(identitytoken === undefined ? {} : { identityToken: identitytoken }),
    ...(registrytoken === undefined ? {} : { registryToken: registrytoken }),
  };
}
