import { describe, expect, test } from "vitest";
import { seededRandom } from "../../host/index.ts";
import * as meta from "./index.ts";

const label =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const subdomain =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const dns1035 =
  "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')";
const qualified =
  "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
const percent =
  "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')";
const notAnIP = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)";
const notACIDR = "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)";
const long = "x".repeat(300);

describe("validators speak as the original", () => {
  test.each<[(value: string) => string[], string, string[]]>([
    [meta.isDNS1123Label, "my-name", []],
    [meta.isDNS1123Label, "a/b", [label]],
    [meta.isDNS1123Label, "a.b", ["must not contain dots"]],
    [meta.isDNS1123Label, long, ["must be no more than 63 characters"]],
    [meta.isDNS1123Label, "", [label]],
    [meta.isDNS1123Subdomain, "example.com", []],
    [meta.isDNS1123Subdomain, "Bad_Value!", [subdomain]],
    [meta.isDNS1123Subdomain, long, ["must be no more than 253 characters"]],
    [meta.isDNS1123Subdomain, "a\n", [subdomain]],
    [meta.isDNS1035Label, "v1", []],
    [meta.isDNS1035Label, "Bad_Value!", [dns1035]],
    [meta.isWildcardDNS1123Subdomain, "*.example.com", []],
    [meta.isQualifiedName, "example.com/MyName", []],
    [meta.isQualifiedName, "Bad_Value!", [`name part ${qualified}`]],
    [meta.isQualifiedName, "", ["name part must be non-empty", `name part ${qualified}`]],
    [meta.isQualifiedName, long, ["name part must be no more than 63 bytes"]],
    [meta.isQualifiedName, "/a", ["prefix part must be non-empty"]],
    [meta.isQualifiedName, "A!/a", [`prefix part ${subdomain}`]],
    [
      meta.isQualifiedName,
      "a/b/c",
      [`a valid label key ${qualified} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`],
    ],
    [meta.isValidLabelValue, "", []],
    [meta.isValidLabelValue, long, ["must be no more than 63 bytes"]],
    [meta.isConfigMapKey, "tls.crt", []],
    [meta.isConfigMapKey, "..", ["must not be '..'"]],
    [meta.isConfigMapKey, "..a", ["must not start with '..'"]],
    [meta.isRelaxedEnvVarName, "1 odd name!", []],
    [meta.isRelaxedEnvVarName, "", ["environment variable name must be non-empty"]],
    [meta.isCIdentifier, "_a1", []],
    [meta.isPortName, "http-alt", []],
    [meta.isPortName, "a".repeat(16), ["must be no more than 15 characters"]],
    [meta.isPortName, "8-0", ["must contain at least one letter (a-z)"]],
    [meta.isPortName, "a--b", ["must not contain consecutive hyphens"]],
    [meta.isPortName, "-a", ["must not begin or end with a hyphen"]],
    [meta.isHTTPHeaderName, "X-Header", []],
    [meta.isValidPercent, "seven", [percent]],
    [meta.isPathSegmentName, "a/b", ["may not contain '/'"]],
    [meta.isPathSegmentName, "..", ["may not be '..'"]],
    [meta.isDomainPrefixedPath, "Bad_Value!", ['must be a domain-prefixed path (such as "acme.io/foo")']],
    [meta.isDomainPrefixedPath, "acme.io/foo/bar", []],
    [meta.isValidIP, "10.0.0.1", []],
    [meta.isValidIP, "2001:db8::ffff", []],
    [meta.isValidIP, "a/b", [notAnIP]],
    [meta.isValidIP, "256.0.0.1", [notAnIP]],
    [meta.isValidIP, "fe80::1%eth0", [notAnIP]],
    [meta.isValidIP, "010.1.2.3", ["must not have leading 0s"]],
    [meta.isValidIP, "::ffff:1.2.3.4", ["must not be an IPv4-mapped IPv6 address"]],
    [meta.isCIDR, "10.96.0.0/16", []],
    [meta.isCIDR, "2001:db8::/64", []],
    [meta.isCIDR, "::/0", []],
    [meta.isCIDR, "Bad_Value!", [notACIDR]],
    [meta.isCIDR, "10.0.0.0/33", [notACIDR]],
    [meta.isCIDR, "10.0.0.1/8", ["must not have bits set beyond the prefix length"]],
    [meta.isCIDR, "2001:db8::1/64", ["must not have bits set beyond the prefix length"]],
    [meta.isCIDR, "10.0.0.0/08", ["must not have leading 0s in IP or prefix length"]],
    [meta.isCIDR, "::ffff:10.0.0.0/104", ["must not have an IPv4-mapped IPv6 address"]],
  ])("%o of %j", (validator, value, messages) => {
    expect(validator(value)).toEqual(messages);
  });

  test("ports lie between 1 and 65535", () => {
    expect(meta.isValidPortNum(0)).toEqual(["must be between 1 and 65535, inclusive"]);
    expect(meta.isValidPortNum(65535)).toEqual([]);
  });

  test("families of addresses", () => {
    expect(meta.ipFamily("10.0.0.1")).toBe("IPv4");
    expect(meta.ipFamily("::1")).toBe("IPv6");
    expect(meta.ipFamily("x")).toBeUndefined();
  });
});

describe("generated names", () => {
  test("have five characters more, within the length of a label", () => {
    const random = seededRandom(1);
    expect(meta.generateName("web-", random)).toMatch(/^web-[bcdfghjklmnpqrstvwxz2456789]{5}$/);
    expect(meta.generateName(long, random)).toHaveLength(63);
    expect(meta.generateName("a", seededRandom(3))).toBe(meta.generateName("a", seededRandom(3)));
  });

  test("hashes are those of FNV-1a, and encode into the safe alphabet", () => {
    expect(meta.fnv32a("")).toBe(0x811c9dc5);
    expect(meta.fnv32a("foobar")).toBe(0xbf9cf968);
    expect(meta.safeEncode("0123456789")).toBe("456789bcdf");
  });
});
