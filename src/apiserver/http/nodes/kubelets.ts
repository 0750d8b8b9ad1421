import type { Duplex } from "node:stream";
import { ApiError, errors, type KubeObject } from "../../../api/meta/index.ts";
import { dial, joinHostPort } from "../../dial/index.ts";
import type { ApiHandler, UserInfo } from "../../request.ts";
import { defaultAddressTypes, defaultKubeletPort, type KubeletClientConfig, type NodeConnector } from "./connector.ts";

/** Where a node's kubelet is, and how to get there. */
export interface KubeletLocation {
  readonly host: string;
  readonly port: number;
  /** `host:port` */
  readonly authority: string;
  /** @throws DialError */
  connect(): Promise<Duplex>;
}

type NodeObject = KubeObject & {
  readonly status?: {
    readonly addresses?: readonly { readonly type: string; readonly address: string }[];
    readonly daemonEndpoints?: { readonly kubeletEndpoint?: { readonly Port?: number } };
  };
};

const apiServer: UserInfo = { name: "system:apiserver", groups: ["system:masters"] };

/** The kubelets of the cluster, in this process and on the network. */
export class KubeletClient {
  readonly #handler: ApiHandler;
  readonly #config: KubeletClientConfig;
  readonly #connector: NodeConnector | undefined;

  constructor(handler: ApiHandler, config: KubeletClientConfig = {}, connector?: NodeConnector) {
    this.#handler = handler;
    this.#config = config;
    this.#connector = connector;
  }

  /** @throws ApiError when there is no such node or it has no address. */
  async locate(nodeName: string): Promise<KubeletLocation> {
    const node = await this.#node(nodeName);
    const port = node.status?.daemonEndpoints?.kubeletEndpoint?.Port ?? this.#config.port ?? defaultKubeletPort;
    const host = this.#addressOf(node);
    const connect = async (): Promise<Duplex> =>
      this.#connector?.dialKubelet(nodeName) ?? (await this.#dial(host, port));
    return { host, port, authority: joinHostPort(host, port), connect };
  }

  /** A connection to a port of a pod or node. @throws DialError, or what a simulated pod answers. */
  async dialAddress(host: string, port: number, scheme: string): Promise<Duplex> {
    const inProcess = this.#connector?.dialPod(host, port);
    if (inProcess === undefined)
      return dial(host, port, scheme === "https" ? { rejectUnauthorized: false } : undefined);
    const connection = await inProcess;
    if (scheme !== "https") return connection;
    connection.destroy();
    throw new Error("tls: first record does not look like a TLS handshake");
  }

  #dial(host: string, port: number): Promise<Duplex> {
    const { cert, key, certificateAuthority: ca } = this.#config;
    return dial(host, port, { cert, key, ca, rejectUnauthorized: ca !== undefined });
  }

  async #node(name: string): Promise<NodeObject> {
    const target = { group: "", version: "v1", resource: "nodes", name };
    const answer = await this.#handler.handle({ ...target, verb: "get", options: {}, user: apiServer });
    if (answer.kind !== "object") throw errors.genericNotFound();
    return answer.object as NodeObject;
  }

  #addressOf({ status }: NodeObject): string {
    const addresses = status?.addresses ?? [];
    for (const type of this.#config.preferredAddressTypes ?? defaultAddressTypes) {
      const found = addresses.find((one) => one.type === type);
      if (found !== undefined) return found.address;
    }
    const known = addresses.map(({ type, address }) => `{${type} ${address}}`).join(" ");
    throw unknownError(`no preferred addresses found; known addresses: [${known}]`);
  }
}

/** An error without a reason of its own, as the original answers what its backends say. */
export function unknownError(message: string): ApiError {
  return new ApiError({ kind: "Status", apiVersion: "v1", metadata: {}, status: "Failure", message, code: 500 });
}
