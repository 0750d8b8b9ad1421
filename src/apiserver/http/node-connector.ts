import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { KubeObject } from "../../api/meta/index.ts";
import type { UserInfo } from "../request.ts";
import type { Query } from "./query.ts";

export interface PodLogOptions {
  /** Always named: the API server has filled in the only container. */
  readonly container: string;
  readonly follow: boolean;
  readonly previous: boolean;
  readonly timestamps: boolean;
  readonly sinceSeconds?: number;
  /** RFC 3339. */
  readonly sinceTime?: string;
  readonly tailLines?: number;
  readonly limitBytes?: number;
  readonly stream?: string;
}

/** A request for a running pod, service or node rather than for its object: exec, attach, portforward, proxy. */
export interface NodeRequest {
  readonly user: UserInfo;
  readonly resource: string;
  readonly subresource: string;
  readonly object: KubeObject;
  readonly path: string;
  readonly query: Query;
}

/** How the API server reaches what runs on nodes. */
export interface NodeConnector {
  /** Ends when the log ends, or is returned from when the client goes away. @throws ApiError for what the node refuses. */
  logs(pod: KubeObject, options: PodLogOptions): AsyncIterable<string | Buffer>;
  /**
   * Takes over the connection of an exec, attach or portforward request (WebSocket or SPDY), which has been authorized.
   * Rejects before the first byte of an answer for what the node refuses; the client then gets the Status.
   */
  connect?(request: NodeRequest, http: IncomingMessage, socket: Duplex, head: Buffer): Promise<void>;
}
