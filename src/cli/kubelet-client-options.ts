import type { Command } from "commander";
import type { ClusterOptions } from "../cluster/index.ts";
import { readText } from "./read-text.ts";
import { CommandError } from "./surroundings.ts";
import { integerIn } from "./values.ts";

/** How the API server reaches kubelets on other machines, by the original's names. */
export interface KubeletClientFlags {
  readonly kubeletClientCertificate?: string;
  readonly kubeletClientKey?: string;
  readonly kubeletCertificateAuthority?: string;
  readonly kubeletPreferredAddressTypes?: string;
  readonly kubeletPort?: number;
}

export function addKubeletClientFlags(command: Command): Command {
  return command
    .option(
      "--kubelet-client-certificate <file>",
      "the API server's certificate for kubelets (default: the cluster's own)",
    )
    .option("--kubelet-client-key <file>", "its key")
    .option(
      "--kubelet-certificate-authority <file>",
      "who signs kubelets' certificates; they are not verified without it",
    )
    .option(
      "--kubelet-preferred-address-types <types>",
      "which address of a node is taken (default: InternalIP,ExternalIP,Hostname)",
    )
    .option(
      "--kubelet-port <port>",
      "port of kubelets that tell none, and of this machine's with --runtime cri (0 takes a free one)",
      integerIn(0, 65_535),
      10_250,
    );
}

/** @throws CommandError for a file that cannot be read, or a certificate without its key. */
export function kubeletClientSettings(flags: KubeletClientFlags): ClusterOptions["kubeletClient"] {
  const { kubeletClientCertificate: cert, kubeletClientKey: key, kubeletCertificateAuthority: authority } = flags;
  if ((cert === undefined) !== (key === undefined)) {
    throw new CommandError("--kubelet-client-certificate and --kubelet-client-key need each other");
  }
  return {
    ...(cert !== undefined && key !== undefined && { cert: readText(cert), key: readText(key) }),
    ...(authority !== undefined && { certificateAuthority: readText(authority) }),
    ...(flags.kubeletPreferredAddressTypes !== undefined && {
      preferredAddressTypes: addressTypes(flags.kubeletPreferredAddressTypes),
    }),
    port: flags.kubeletPort,
  };
}

const knownTypes = ["Hostname", "InternalDNS", "InternalIP", "ExternalDNS", "ExternalIP"];

function addressTypes(text: string): string[] {
  const types = text.split(",").filter((type) => type !== "");
  const unknown = types.find((type) => !knownTypes.includes(type));
  if (unknown !== undefined)
    throw new CommandError(`${unknown} is no type of a node's address: ${knownTypes.join(", ")}`);
  return types;
}
