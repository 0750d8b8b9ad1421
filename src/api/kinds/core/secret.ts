import type { FieldError } from "../../meta/index.ts";
import { fieldError, isConfigMapKey, root } from "../../meta/index.ts";
import type { Secret } from "../../types/index.ts";
import { checkImmutable, checkWith } from "../field-checks.ts";
import type { KindStrategy } from "../generic.ts";
import { ageColumn, ageOf, nameColumn, nameOf, text } from "../table/cells.ts";
import { base64Bytes, checkFrozen, countOf, dataBytesMax } from "./config-map.ts";
import { tlsPairProblem } from "./tls-pair.ts";

export const secretStrategy: KindStrategy = {
  applyDefaults(secret: Secret) {
    secret.type ||= "Opaque";
    mergeStringData(secret);
  },
  validate: (secret: Secret) => checkSecret(secret),
  validateUpdate(secret: Secret, old: Secret) {
    const out: FieldError[] = [];
    checkImmutable(secret.type ?? "", old.type ?? "", root("type"), out);
    checkFrozen(secret, old, ["data"], out);
    return [...out, ...checkSecret(secret)];
  },
  warnings(secret: Secret) {
    if (secret.type !== "kubernetes.io/tls") return [];
    const [certificate, key] = ["tls.crt", "tls.key"].map((name) => Buffer.from(secret.data?.[name] ?? "", "base64"));
    const problem = certificate && key && tlsPairProblem(certificate, key);
    return problem ? [problem] : [];
  },
  selectableFields: ["type"],
  fieldValue: (secret: Secret, field) => (field === "type" ? secret.type : undefined),
  table: {
    columns: [nameColumn, text("Type"), text("Data"), ageColumn],
    cells: (secret: Secret, now) => [nameOf(secret), secret.type ?? "", countOf(secret.data), ageOf(secret, now)],
  },
};

/** stringData is how clients write plain text; what is kept is data. */
function mergeStringData(secret: Secret): void {
  const { stringData } = secret;
  delete secret.stringData;
  if (!stringData) return;
  const entries = Object.entries(stringData);
  if (entries.length === 0) return;
  const encoded = entries.map(([key, value]) => [key, Buffer.from(value).toString("base64")]);
  // Made from entries: by assignment, the key `__proto__` would set the prototype.
  secret.data = Object.fromEntries([...Object.entries(secret.data ?? {}), ...encoded]);
}

function checkSecret(secret: Secret): FieldError[] {
  const out: FieldError[] = [];
  const path = root("data");
  let size = 0;
  for (const [key, value] of Object.entries(secret.data ?? {})) {
    checkWith(isConfigMapKey(key), key, path.key(key), out);
    size += base64Bytes(value);
  }
  if (size > dataBytesMax) out.push(fieldError.tooLong(path, "", dataBytesMax));
  checkType(secret, out);
  return out;
}

/** Types of the project's own promise certain keys. */
function checkType(secret: Secret, out: FieldError[]): void {
  const path = root("data");
  const requireKeys = (...keys: string[]) => {
    for (const key of keys) if (!hasKey(secret, key)) out.push(fieldError.required(path.key(key), ""));
  };
  switch (secret.type) {
    case "kubernetes.io/service-account-token":
      if (!secret.metadata.annotations?.["kubernetes.io/service-account.name"]) {
        out.push(fieldError.required(root("metadata", "annotations").key("kubernetes.io/service-account.name"), ""));
      }
      break;
    case "kubernetes.io/dockercfg":
      checkJson(secret, ".dockercfg", out);
      break;
    case "kubernetes.io/dockerconfigjson":
      checkJson(secret, ".dockerconfigjson", out);
      break;
    case "kubernetes.io/basic-auth":
      if (!hasKey(secret, "username") && !hasKey(secret, "password")) requireKeys("username", "password");
      break;
    case "kubernetes.io/ssh-auth":
      if (base64Bytes(secret.data?.["ssh-privatekey"]) === 0) requireSSHKey(out);
      break;
    case "kubernetes.io/tls":
      requireKeys("tls.crt", "tls.key");
      break;
  }
}

function requireSSHKey(out: FieldError[]): void {
  out.push(fieldError.required(root("data").key("ssh-privatekey"), ""));
}

function hasKey(secret: Secret, key: string): boolean {
  return secret.data !== undefined && secret.data !== null && Object.hasOwn(secret.data, key);
}

function checkJson(secret: Secret, key: string, out: FieldError[]): void {
  const path = root("data").key(key);
  const value = secret.data?.[key];
  if (value === undefined) return void out.push(fieldError.required(path, ""));
  try {
    JSON.parse(Buffer.from(value, "base64").toString());
  } catch {
    out.push(fieldError.invalid(path, "<secret contents redacted>", "invalid character in JSON"));
  }
}
