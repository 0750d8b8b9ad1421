import type { KubeObject } from "../../api/meta/index.ts";
import type { Container, Pod } from "../../api/types/index.ts";

type ServiceAccount = KubeObject & { secrets?: { name?: string }[]; imagePullSecrets?: { name?: string }[] };

const annotation = "kubernetes.io/enforce-mountable-secrets";
const trueTexts: ReadonlySet<string> = new Set(["1", "t", "T", "TRUE", "true", "True"]);

/** Whether pods of the account may only use the secrets that it lists. */
export function limitsSecrets({ metadata }: KubeObject): boolean {
  return trueTexts.has(metadata.annotations?.[annotation] ?? "");
}

/** The first use of a secret that the account does not list. */
export function foreignSecret(account: ServiceAccount, { spec }: Pod): string | undefined {
  const name = account.metadata.name ?? "";
  const listed = new Set((account.secrets ?? []).map((secret) => secret.name));
  for (const { secret } of spec.volumes ?? []) {
    if (secret !== undefined && !listed.has(secret.secretName)) {
      return `volume with secret.secretName="${secret.secretName}" is not allowed because service account ${name} does not reference that secret`;
    }
  }
  for (const container of spec.initContainers ?? []) {
    const found = foreignIn(container, "init container", listed, name);
    if (found !== undefined) return found;
  }
  for (const container of spec.containers ?? []) {
    const found = foreignIn(container, "container", listed, name);
    if (found !== undefined) return found;
  }
  return foreignPullSecret(account, spec);
}

/** As foreignSecret, for containers that are added to a running pod. */
export function foreignEphemeralSecret(account: ServiceAccount, { spec }: Pod): string | undefined {
  const listed = new Set((account.secrets ?? []).map((secret) => secret.name));
  for (const container of (spec.ephemeralContainers ?? []) as Container[]) {
    const found = foreignIn(container, "ephemeral container", listed, account.metadata.name ?? "");
    if (found !== undefined) return found;
  }
  return undefined;
}

function foreignIn(
  container: Container,
  what: string,
  listed: ReadonlySet<string | undefined>,
  account: string,
): string | undefined {
  const why = (how: string, secret: string | undefined) =>
    `${what} ${container.name} with ${how} referencing secret.secretName="${secret}" is not allowed because service account ${account} does not reference that secret`;
  for (const { name, valueFrom } of container.env ?? []) {
    const key = valueFrom?.secretKeyRef;
    if (key !== undefined && !listed.has(key.name)) return why(`envVar ${name}`, key.name);
  }
  for (const { secretRef } of container.envFrom ?? []) {
    if (secretRef !== undefined && !listed.has(secretRef.name)) return why("envFrom", secretRef.name);
  }
  return undefined;
}

function foreignPullSecret(account: ServiceAccount, spec: Pod["spec"]): string | undefined {
  const listed = new Set((account.imagePullSecrets ?? []).map((secret) => secret.name));
  const at = (spec.imagePullSecrets ?? []).findIndex((secret) => !listed.has(secret.name));
  if (at < 0) return undefined;
  return `imagePullSecrets[${at}].name="${spec.imagePullSecrets?.[at]?.name}" is not allowed because service account ${account.metadata.name} does not reference that imagePullSecret`;
}
