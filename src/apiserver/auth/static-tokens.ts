import { createHash } from "node:crypto";
import type { UserInfo } from "../request.ts";
import { AuthenticationConfigError } from "./authentication-config.ts";

/** Tokens that a file lists: `token,user,uid,"group1,group2"`, as the original's --token-auth-file. */
export class StaticTokens {
  /** By the token's hash: how long a look takes tells nothing of tokens. */
  readonly #users = new Map<string, UserInfo>();

  /** @throws AuthenticationConfigError */
  constructor(text: string, file: string) {
    for (const [at, line] of text.split(/\r?\n/).entries()) {
      if (line.trim() === "") continue;
      const [token = "", name, uid, groups = ""] = fieldsOf(line);
      if (name === undefined || uid === undefined) {
        const count = fieldsOf(line).length;
        throw new AuthenticationConfigError(
          `token file '${file}' must have at least 3 columns (token, user name, user uid), found ${count}`,
        );
      }
      if (token === "") throw new AuthenticationConfigError(`empty token in record ${at + 1} of token file '${file}'`);
      const named = groups.split(",").filter((group) => group !== "");
      this.#users.set(hashOf(token), { name, uid, groups: [...named, "system:authenticated"] });
    }
  }

  userOf(token: string): UserInfo | undefined {
    return this.#users.get(hashOf(token));
  }
}

/** Of a line of values between commas, some in quotes. */
function fieldsOf(line: string): string[] {
  const fields: string[] = [];
  for (const [, quoted, plain = ""] of line.matchAll(/(?:^|,)\s*(?:"((?:[^"]|"")*)"|([^,]*))/g)) {
    fields.push(quoted === undefined ? plain.trim() : quoted.replaceAll('""', '"'));
  }
  return fields;
}

function hashOf(token: string): string {
  return createHash("sha256").update(token).digest("base64");
}
