import type { FieldError, FieldPath } from "../../meta/index.ts";
import { fieldError, isDNS1123Subdomain, isValidIP } from "../../meta/index.ts";
import type { HostAlias, PodDNSConfig, PodSpec } from "../../types/index.ts";
import { checkWith } from "../field-checks.ts";

const dnsPolicies = ["ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"];
const nameserversMax = 3;
const searchesMax = 32;
const searchCharactersMax = 2048;

export function checkDNSPolicy(policy: string | undefined, path: FieldPath, out: FieldError[]): void {
  if (!policy) out.push(fieldError.required(path, ""));
  else if (!dnsPolicies.includes(policy)) out.push(fieldError.notSupported(path, policy, dnsPolicies));
}

export function checkDNSConfig(spec: PodSpec, path: FieldPath, out: FieldError[]): void {
  const config = spec.dnsConfig;
  if (spec.dnsPolicy === "None") {
    if (!config) {
      out.push(fieldError.required(path, "must provide `dnsConfig` when `dnsPolicy` is None"));
      return;
    }
    if ((config.nameservers ?? []).length === 0) {
      const detail = "must provide at least one DNS nameserver when `dnsPolicy` is None";
      out.push(fieldError.required(path.child("nameservers"), detail));
      return;
    }
  }
  if (config) checkConfig(config, path, out);
}

function checkConfig(config: PodDNSConfig, path: FieldPath, out: FieldError[]): void {
  const nameservers = config.nameservers ?? [];
  if (nameservers.length > nameserversMax) {
    const detail = `must not have more than ${nameserversMax} nameservers`;
    out.push(fieldError.invalid(path.child("nameservers"), nameservers, detail));
  }
  for (const [i, server] of nameservers.entries()) {
    checkWith(isValidIP(server), server, path.child("nameservers").index(i), out);
  }
  checkSearches(config.searches ?? [], path.child("searches"), out);
  for (const [i, option] of (config.options ?? []).entries()) {
    if (!option.name) out.push(fieldError.required(path.child("options").index(i), "must not be empty"));
  }
}

function checkSearches(searches: readonly string[], path: FieldPath, out: FieldError[]): void {
  if (searches.length > searchesMax) {
    out.push(fieldError.invalid(path, searches, `must not have more than ${searchesMax} search paths`));
  }
  if (searches.join(" ").length > searchCharactersMax) {
    const detail = `must not have more than ${searchCharactersMax} characters (including spaces) in the search list`;
    out.push(fieldError.invalid(path, searches, detail));
  }
  for (const [i, search] of searches.entries()) {
    // A dot alone and labels with underscores are valid here, unlike in names of objects.
    if (search === ".") continue;
    const name = search.endsWith(".") ? search.slice(0, -1) : search;
    checkWith(isDNS1123Subdomain(name.replaceAll("_", "")), search, path.index(i), out);
  }
}

export function checkHostAliases(aliases: readonly HostAlias[] | undefined, path: FieldPath, out: FieldError[]): void {
  for (const [i, alias] of (aliases ?? []).entries()) {
    const at = path.index(i);
    const ip = alias.ip ?? "";
    checkWith(isValidIP(ip), ip, at.child("ip"), out);
    for (const hostname of alias.hostnames ?? []) {
      checkWith(isDNS1123Subdomain(hostname), hostname, at.child("hostnames"), out);
    }
  }
}
