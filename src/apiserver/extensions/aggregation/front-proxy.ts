import type { OutgoingHttpHeaders } from "node:http";
import type { UserInfo } from "../../request.ts";

/** As whom the API server itself asks other servers. */
export const aggregator: UserInfo = { name: "system:kube-aggregator", groups: ["system:masters"] };

const prefix = "x-remote-";

/** Tells another server who asks; it believes the bearer of the front proxy's certificate. */
export function userHeaders(user: UserInfo): OutgoingHttpHeaders {
  const headers: OutgoingHttpHeaders = { "x-remote-user": user.name, "x-remote-group": [...user.groups] };
  if (user.uid) headers["x-remote-uid"] = user.uid;
  for (const [key, values] of Object.entries(user.extra ?? {})) {
    headers[`x-remote-extra-${escapedKey(key)}`] = [...values];
  }
  return headers;
}

/** Nobody but the API server says who asks. */
export function isUserHeader(name: string): boolean {
  return name.startsWith(prefix);
}

/** The characters of header names, but for the percent sign, which escapes the others. */
const plain = /[!#$&'*+\-.0-9A-Z^_`a-z|~]/;

function escapedKey(key: string): string {
  return [...Buffer.from(key.toLowerCase(), "utf8")]
    .map((byte) => {
      const char = String.fromCharCode(byte);
      return plain.test(char) ? char : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
    })
    .join("");
}
