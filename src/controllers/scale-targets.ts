import { parseApiVersion } from "../api/meta/index.ts";
import type { Scale } from "../api/types/index.ts";
import { type Client, type DiscoveredResource, type Discovery, resourceType } from "../client/index.ts";
import type { Host } from "../host/index.ts";

/** As the original: what the server serves is asked for again after this long, or when a kind is not known. */
const knownForMs = 30_000;

/** Which resources a kind names, from discovery, remembered for a while. */
export class KnownKinds {
  readonly #discovery: Discovery;
  readonly #host: Host;
  #known: readonly DiscoveredResource[] = [];
  #askedAt = Number.NEGATIVE_INFINITY;

  constructor(discovery: Discovery, host: Host) {
    this.#discovery = discovery;
    this.#host = host;
  }

  /** @throws Error when there is none, in the original's words. */
  async resourcesOf(apiVersion: string | undefined, kind: string): Promise<readonly DiscoveredResource[]> {
    const { group } = parseApiVersion(apiVersion ?? "");
    const now = this.#host.clock.now();
    const find = () => this.#known.filter((one) => one.group === group && one.kind === kind);
    if (now - this.#askedAt >= knownForMs || find().length === 0) {
      this.#known = await this.#discovery.resources();
      this.#askedAt = now;
    }
    const found = find();
    if (found.length === 0) throw new Error(`no matches for kind "${kind}" in group "${group}"`);
    return found;
  }
}

export interface Target {
  readonly resource: DiscoveredResource;
  readonly scale: Scale;
}

/** The scale of a target, of the first of the resources that has it. @throws what the first of them says. */
export async function readScale(
  client: Client,
  candidates: readonly DiscoveredResource[],
  namespace: string,
  name: string,
): Promise<Target> {
  let first: unknown;
  for (const resource of candidates) {
    try {
      const scale = await client.resource(resourceType(resource)).subresource<Scale>("scale").get({ namespace, name });
      return { resource, scale };
    } catch (error) {
      first ??= error;
    }
  }
  throw first;
}

export async function writeScale(client: Client, { resource, scale }: Target, replicas: number): Promise<void> {
  const { namespace, name = "" } = scale.metadata;
  const next = { ...scale, spec: { ...scale.spec, replicas } };
  await client.resource(resourceType(resource)).subresource<Scale>("scale").update({ namespace, name }, next);
}
