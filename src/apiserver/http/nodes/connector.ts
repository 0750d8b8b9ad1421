import type { Duplex } from "node:stream";

/** How the API server reaches nodes of its own process, which open no port. All others are reached over the network. */
export interface NodeConnector {
  /** A connection to the kubelet's API of one of these nodes, by its name; undefined for other nodes. */
  dialKubelet(node: string): Duplex | undefined;
  /** A connection to a port of a pod of these nodes; undefined for addresses of others. Rejects when nothing listens there. */
  dialPod(ip: string, port: number): Promise<Duplex> | undefined;
}

/** How the API server reaches kubelets over the network. */
export interface KubeletClientConfig {
  /** PEM of the certificate by which kubelets know the API server, and its key. */
  readonly cert?: string;
  readonly key?: string;
  /** PEM of the authority of kubelets' certificates; without it they are not verified, as the original does. */
  readonly certificateAuthority?: string;
  /** Which of a node's addresses is taken, the preferred type first. Default: the original's order. */
  readonly preferredAddressTypes?: readonly string[];
  /** Where a node names no port. Default 10250. */
  readonly port?: number;
}

export const defaultAddressTypes = ["Hostname", "InternalDNS", "InternalIP", "ExternalDNS", "ExternalIP"] as const;
export const defaultKubeletPort = 10_250;
