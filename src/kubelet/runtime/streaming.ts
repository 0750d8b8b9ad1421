import type { Duplex } from "node:stream";
import type { RemoteCommand, StreamOptions } from "../../streams/index.ts";

export interface ExecRequest extends StreamOptions {
  readonly containerId: string;
  readonly command: readonly string[];
}

export interface AttachRequest extends StreamOptions {
  readonly containerId: string;
}

export interface PortForwardRequest {
  readonly podSandboxId: string;
  /** Those the client named in its query; with SPDY it names them stream by stream and this is empty. */
  readonly ports: readonly number[];
}

/** The runtime's own streaming server: the kubelet passes the upgraded connection on to it, byte by byte. */
export interface StreamingUrl {
  readonly kind: "url";
  readonly url: string;
}

export type CommandTarget = StreamingUrl | { readonly kind: "command"; readonly run: RemoteCommand };

export type PortForwardTarget =
  | StreamingUrl
  | {
      readonly kind: "ports";
      /** A connection to a port of the pod. Rejects when nothing listens there. */
      connect(port: number): Promise<Duplex>;
    };

/** The streaming half of a container runtime: CRI's Exec, Attach and PortForward. @throws RuntimeError */
export interface StreamingService {
  exec(request: ExecRequest): Promise<CommandTarget>;
  attach(request: AttachRequest): Promise<CommandTarget>;
  portForward(request: PortForwardRequest): Promise<PortForwardTarget>;
}
