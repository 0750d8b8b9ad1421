import { readFileSync } from "node:fs";
import { AdmissionConfigError } from "../../admission/index.ts";
import type { Credentials } from "../service-client/index.ts";

/** A user of a kubeconfig, which here is named as the server that shall know the API server by it. */
interface NamedUser {
  readonly name?: string;
  readonly user?: Readonly<Record<string, string | undefined>>;
}

/** What readAdmissionConfiguration makes of a WebhookAdmissionConfiguration. */
interface WebhookConfiguration {
  readonly kubeconfig?: { readonly users?: readonly NamedUser[] };
}

type Find = (serverName: string, port: number) => Credentials | undefined;

const defaultPort = 443;

/**
 * As whom webhooks are called, by their servers: `name.namespace.svc`, with the port where it is not 443, `*.namespace.svc`,
 * or `*` for all. Undefined when nobody is named. @throws AdmissionConfigError for files that cannot be read
 */
export function webhookCredentials(configuration: unknown): Find | undefined {
  const { kubeconfig } = (configuration ?? {}) as WebhookConfiguration;
  const users = new Map((kubeconfig?.users ?? []).map(({ name = "", user = {} }) => [name, credentialsOf(name, user)]));
  if (users.size === 0) return undefined;
  return (serverName, port) => {
    const withPort = found(users, `${serverName}:${port}`);
    const plain = port === defaultPort ? found(users, serverName) : undefined;
    return withPort ?? plain ?? users.get("*");
  };
}

/** By its name, else by the longest end of it that has a star. */
function found(users: ReadonlyMap<string, Credentials>, target: string): Credentials | undefined {
  const exact = users.get(target);
  if (exact !== undefined) return exact;
  const steps = target.split(".");
  for (let i = 1; i < steps.length; i++) {
    const user = users.get(`*.${steps.slice(i).join(".")}`);
    if (user !== undefined) return user;
  }
  return undefined;
}

function credentialsOf(name: string, user: NonNullable<NamedUser["user"]>): Credentials {
  const pem = (field: string) => {
    const data = user[`${field}-data`];
    return data ? Buffer.from(data, "base64").toString() : fileOf(name, user[field]);
  };
  const { token, tokenFile, username, password } = user;
  return {
    cert: pem("client-certificate"),
    key: pem("client-key"),
    token: token || fileOf(name, tokenFile)?.trim(),
    username,
    password,
  };
}

function fileOf(user: string, file: string | undefined): string | undefined {
  if (!file) return undefined;
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new AdmissionConfigError(`cannot read what webhook ${JSON.stringify(user)} is told: ${why}`);
  }
}
