import { type Command, InvalidArgumentError } from "commander";
import { defaultRequestHeaders } from "../apiserver/index.ts";
import type { ClusterOptions } from "../cluster/index.ts";
import { readText } from "./read-text.ts";
import { CommandError } from "./surroundings.ts";

/** How the API server and servers before and behind it know each other, by the original's names. */
export interface FrontProxyFlags {
  readonly proxyClientCertFile?: string;
  readonly proxyClientKeyFile?: string;
  readonly enableAggregatorRouting?: boolean;
  readonly requestheaderClientCaFile?: string;
  readonly requestheaderAllowedNames?: readonly string[];
  readonly requestheaderUsernameHeaders?: readonly string[];
  readonly requestheaderUidHeaders?: readonly string[];
  readonly requestheaderGroupHeaders?: readonly string[];
  readonly requestheaderExtraHeadersPrefix?: readonly string[];
}

export function addFrontProxyFlags(command: Command): Command {
  return command
    .option(
      "--proxy-client-cert-file <file>",
      "certificate by which servers behind an APIService know the API server (default: the cluster's own)",
    )
    .option("--proxy-client-key-file <file>", "its key")
    .option(
      "--enable-aggregator-routing <bool>",
      "reach services behind an APIService at their endpoints, not at their cluster address",
      isTrue,
      true,
    )
    .option(
      "--requestheader-client-ca-file <file>",
      "who signs front proxies' certificates (default: the cluster's own)",
    )
    .option("--requestheader-allowed-names <names>", "common names of front proxies; empty: any", names, [
      ...defaultRequestHeaders.allowedNames,
    ])
    .option("--requestheader-username-headers <names>", "headers in which they say who asks", names, [
      ...defaultRequestHeaders.usernameHeaders,
    ])
    .option("--requestheader-uid-headers <names>", "headers in which they say the user's uid", names, [])
    .option("--requestheader-group-headers <names>", "headers in which they say the user's groups", names, [
      ...defaultRequestHeaders.groupHeaders,
    ])
    .option("--requestheader-extra-headers-prefix <names>", "how headers with more about the user begin", names, [
      ...defaultRequestHeaders.extraHeaderPrefixes,
    ]);
}

/** @throws CommandError for a file that cannot be read, or a certificate without its key. */
export function frontProxySettings(flags: FrontProxyFlags): ClusterOptions["frontProxy"] {
  const { proxyClientCertFile: cert, proxyClientKeyFile: key, requestheaderClientCaFile: clientCa } = flags;
  if ((cert === undefined) !== (key === undefined)) {
    throw new CommandError("--proxy-client-cert-file and --proxy-client-key-file need each other");
  }
  return {
    ...(cert !== undefined && key !== undefined && { cert: readText(cert), key: readText(key) }),
    routing: flags.enableAggregatorRouting === false ? "ClusterIP" : "Endpoints",
    requestHeader: {
      ...(clientCa !== undefined && { clientCa: readText(clientCa) }),
      allowedNames: flags.requestheaderAllowedNames,
      usernameHeaders: flags.requestheaderUsernameHeaders,
      uidHeaders: flags.requestheaderUidHeaders,
      groupHeaders: flags.requestheaderGroupHeaders,
      extraHeaderPrefixes: flags.requestheaderExtraHeadersPrefix,
    },
  };
}

function names(text: string): string[] {
  return text
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "");
}

function isTrue(text: string): boolean {
  if (text === "true" || text === "false") return text === "true";
  throw new InvalidArgumentError("must be true or false");
}
