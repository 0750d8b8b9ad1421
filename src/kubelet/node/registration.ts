import { isReason, semanticEqual } from "../../api/meta/index.ts";
import type { Node, NodeStatus } from "../../api/types/index.ts";
import { type Client, resources } from "../../client/index.ts";
import { type Host, sleep } from "../../host/index.ts";
import type { NodeFacts } from "./node-facts.ts";
import { nodeLabels, nodeObject, nodeStatus } from "./node-object.ts";
import type { KubeletSettings, NodeOptions } from "./node-options.ts";

export interface NodeWriterOptions {
  readonly client: Pick<Client, "resource">;
  readonly host: Host;
  readonly node: NodeOptions;
  readonly settings: KubeletSettings;
  readonly ip: string;
  /** What the node is now. */
  facts(): Promise<NodeFacts>;
}

const firstRetryMs = 100;
const longestRetryMs = 7000;

/** Writes the Node object: once to register, then when its status changed or was long not written. */
export class NodeWriter {
  readonly #options: NodeWriterOptions;

  constructor(options: NodeWriterOptions) {
    this.#options = options;
  }

  /** Makes the Node, or goes on with the one there is; tries until that has worked. */
  async register(signal: AbortSignal): Promise<Node> {
    const { host, node } = this.#options;
    for (let delayMs = firstRetryMs; ; delayMs = Math.min(delayMs * 2, longestRetryMs)) {
      try {
        return await this.#tryRegister();
      } catch (error) {
        const text = error instanceof Error ? error.message : String(error);
        host.log.warn("a node could not be registered, trying again", { node: node.name, error: text });
        await sleep(host.clock, delayMs, signal);
      }
    }
  }

  /** Writes the status as it is now on top of what was last seen. */
  async heartbeat(known: Node): Promise<Node> {
    return this.#write(known, await this.#status(known));
  }

  /** Writes the status when it is another than was last seen, but for the time of looking. */
  async refresh(known: Node): Promise<Node> {
    const status = await this.#status(known);
    const same = semanticEqual(timeless(status), timeless(only(known.status, status)));
    return same ? known : this.#write(known, status);
  }

  async #status(known: Node): Promise<NodeStatus> {
    const { node, settings, ip, host, facts } = this.#options;
    return nodeStatus(node.name, await facts(), settings, ip, known.status, host.clock.now());
  }

  #write({ metadata, status: known }: Node, status: NodeStatus): Promise<Node> {
    const { client } = this.#options;
    const gone = Object.keys(known?.allocatable ?? {}).filter((name) => !(name in (status.allocatable ?? {})));
    const allocatable = { ...status.allocatable, ...Object.fromEntries(gone.map((name) => [name, null])) };
    const patch = { status: { ...status, allocatable } };
    return client.resource(resources.nodes).patchStatus({ name: metadata.name ?? "" }, "strategic", patch);
  }

  async #tryRegister(): Promise<Node> {
    const { client, host, node, settings, ip } = this.#options;
    const nodes = client.resource(resources.nodes);
    const facts = await this.#options.facts();
    const fresh = nodeObject(node, facts, settings, ip, host.clock.now());
    try {
      return await nodes.create(fresh);
    } catch (error) {
      if (!isReason(error, "AlreadyExists")) throw error;
    }
    const known = await nodes.get({ name: node.name });
    const relabelled = await this.#refreshLabels(known, facts);
    return this.heartbeat(relabelled);
  }

  /** Labels that tell what the machine is are made right; all others are the users'. */
  async #refreshLabels(known: Node, facts: NodeFacts): Promise<Node> {
    const { client, node } = this.#options;
    const labels = { ...known.metadata.labels, ...nodeLabels(node.name, facts), ...node.labels };
    if (semanticEqual(labels, known.metadata.labels)) return known;
    return client.resource(resources.nodes).patch({ name: node.name }, "merge", { metadata: { labels } });
  }
}

function timeless(status: NodeStatus): unknown {
  return { ...status, conditions: status.conditions?.map(({ lastHeartbeatTime: _, ...condition }) => condition) };
}

/** Of what was seen that which a kubelet tells. */
function only(seen: NodeStatus | undefined, told: NodeStatus): NodeStatus {
  const entries = Object.entries(seen ?? {}).filter(([name]) => name in told);
  return Object.fromEntries(entries);
}
