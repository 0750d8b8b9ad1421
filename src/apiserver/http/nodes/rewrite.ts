/** How addresses in an answer are changed, so that they lead through the proxy again. */
export interface Rewriting {
  /** The path of the request up to and with `proxy`. */
  readonly prefix: string;
  /** `host:port` of the target. */
  readonly authority: string;
}

/** Attributes of HTML that hold addresses. */
const attributes =
  /(<[a-z][^>]*?\s(?:href|src|action|codebase|cite|background|classid|data|formaction|icon|longdesc|manifest|poster|profile|usemap)\s*=\s*)("[^"]*"|'[^']*')/gi;

/** An address: left as it is when it leads elsewhere, or is relative to the page. */
export function rewriteAddress(address: string, { prefix, authority }: Rewriting): string {
  const absolute = /^https?:\/\/([^/]*)(\/.*)?$/.exec(address);
  if (absolute !== null && absolute[1] !== authority) return address;
  const path = absolute === null ? address : (absolute[2] ?? "/");
  if (!path.startsWith("/") || path.startsWith("//") || path.startsWith(prefix)) return address;
  return prefix + path;
}

export function rewriteHtml(html: string, rewriting: Rewriting): string {
  return html.replace(attributes, (_, before: string, quoted: string) => {
    const quote = quoted.slice(0, 1);
    return before + quote + rewriteAddress(quoted.slice(1, -1), rewriting) + quote;
  });
}
