import { type Command, InvalidArgumentError, Option } from "commander";
import { parseDuration } from "../api/meta/index.ts";
import type { ClusterOptions } from "../cluster/index.ts";

/** What the flags about etcd and several API servers say; names and defaults are the original's. */
export interface EtcdFlags {
  readonly etcdServers?: readonly string[];
  readonly etcdCafile?: string;
  readonly etcdCertfile?: string;
  readonly etcdKeyfile?: string;
  readonly etcdPrefix?: string;
  readonly etcdServersOverrides?: readonly string[];
  readonly etcdCompactionInterval?: number;
  readonly storageMediaType?: "application/json" | "application/vnd.kubernetes.protobuf";
  readonly listenEtcdClient?: string;
  readonly advertiseAddress?: string;
  readonly endpointReconcilerType?: "lease" | "none";
}

export function addEtcdFlags(command: Command): Command {
  return command
    .option("--etcd-servers <urls>", "keep the cluster in this etcd instead of in the data folder", urls)
    .option("--etcd-cafile <file>", "authority that signed etcd's certificates")
    .option("--etcd-certfile <file>", "client certificate for etcd")
    .option("--etcd-keyfile <file>", "key of that certificate")
    .option("--etcd-prefix <prefix>", "what all keys in etcd begin with (default: /registry)")
    .option(
      "--etcd-servers-overrides <list>",
      "resources in another etcd: group/resource#URL;URL, as /events#URL",
      urls,
    )
    .option("--etcd-compaction-interval <duration>", "between compactions of etcd; 0 for none (default: 5m)", interval)
    .addOption(
      new Option("--storage-media-type <type>", "how built-in objects are kept in etcd (default: protobuf)").choices([
        "application/json",
        "application/vnd.kubernetes.protobuf",
      ]),
    )
    .option("--listen-etcd-client <address>", "serve etcd's API over the embedded store (certificates: pki/etcd)")
    .option("--advertise-address <ip>", "address of this API server in the kubernetes service")
    .addOption(
      new Option(
        "--endpoint-reconciler-type <type>",
        "who keeps the addresses of the kubernetes service (default when several servers may share the store: lease)",
      ).choices(["lease", "none"]),
    );
}

/** The flags as options of the cluster. */
export function etcdSettings(
  flags: EtcdFlags,
): Pick<ClusterOptions, "etcd" | "listenEtcdClient" | "advertiseAddress" | "endpointReconcilerType"> {
  const { etcdServers: servers, listenEtcdClient, advertiseAddress, endpointReconcilerType } = flags;
  return {
    listenEtcdClient,
    advertiseAddress,
    endpointReconcilerType,
    etcd: servers && {
      servers,
      caFile: flags.etcdCafile,
      certFile: flags.etcdCertfile,
      keyFile: flags.etcdKeyfile,
      prefix: flags.etcdPrefix,
      serversOverrides: flags.etcdServersOverrides,
      compactionIntervalMs: flags.etcdCompactionInterval,
      storageMediaType: flags.storageMediaType,
    },
  };
}

/** Comma-separated; a flag that is given again adds to them. */
function urls(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, ...text.split(",").filter((url) => url !== "")];
}

function interval(text: string): number {
  try {
    const ms = parseDuration(text);
    if (ms >= 0) return ms;
  } catch {
    // told below, as for a negative one
  }
  throw new InvalidArgumentError("It must be a duration such as 5m0s, or 0.");
}
