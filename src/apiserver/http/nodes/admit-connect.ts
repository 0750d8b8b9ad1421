import type { ResourceKind } from "../../../api/kinds/index.ts";
import type { KubeObject } from "../../../api/meta/index.ts";
import type { AdmissionChain, Attributes } from "../../admission/index.ts";
import type { UserInfo } from "../../request.ts";
import type { Query } from "../query.ts";
import type { RequestInfo } from "../request-info.ts";

/** The kinds of the options of requests to what runs, each with its fields and what they are. */
const optionKinds: Readonly<
  Record<string, { readonly kind: string; readonly fields: Readonly<Record<string, string>> }>
> = {
  "pods/exec": {
    kind: "PodExecOptions",
    fields: { stdin: "flag", stdout: "flag", stderr: "flag", tty: "flag", container: "text", command: "texts" },
  },
  "pods/attach": {
    kind: "PodAttachOptions",
    fields: { stdin: "flag", stdout: "flag", stderr: "flag", tty: "flag", container: "text" },
  },
  "pods/portforward": { kind: "PodPortForwardOptions", fields: { ports: "numbers" } },
  "pods/proxy": { kind: "PodProxyOptions", fields: {} },
  "services/proxy": { kind: "ServiceProxyOptions", fields: {} },
  "nodes/proxy": { kind: "NodeProxyOptions", fields: {} },
};

/**
 * Asks the admission plugins about a request to what runs: its object is its options. Of the built-in ones only policies
 * look at it. @throws ApiError
 */
export async function admitConnect(
  admission: AdmissionChain,
  kind: ResourceKind,
  info: RequestInfo,
  query: Query,
  user: UserInfo,
): Promise<void> {
  const { subresource, namespace, name } = info;
  const attributes: Attributes = {
    operation: "CONNECT",
    kind,
    subresource,
    namespace: kind.namespaced ? namespace : "",
    name,
    object: optionsObject(info, query),
    user,
    dryRun: false,
    warn: () => {}, // no answer that could carry it follows
  };
  await admission.admit(attributes);
  await admission.validate(attributes);
}

function optionsObject({ resource, subresource, rest }: RequestInfo, query: Query): KubeObject | undefined {
  const known = optionKinds[`${resource}/${subresource}`];
  if (known === undefined) return undefined;
  const object: Record<string, unknown> = { apiVersion: "v1", kind: known.kind, metadata: {} };
  if (subresource === "proxy") object.path = `/${rest.join("/")}`;
  for (const [field, type] of Object.entries(known.fields)) {
    const values = query.get(field);
    if (values !== undefined) object[field] = readValue(type, values);
  }
  return object as KubeObject & typeof object;
}

function readValue(type: string, values: readonly string[]): unknown {
  const [first = ""] = values;
  if (type === "flag") return first !== "0" && first.toLowerCase() !== "false";
  if (type === "texts") return values;
  return type === "numbers" ? values.flatMap((value) => value.split(",")).map(Number) : first;
}
