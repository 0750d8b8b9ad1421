/** What a request says, as far as the signers' rules ask for it. */
export interface RequestFacts {
  readonly commonName: string;
  readonly organizations: readonly string[];
  readonly dnsNames: readonly string[];
  readonly ipAddresses: readonly string[];
  readonly emails: readonly string[];
  readonly uris: readonly string[];
  readonly usages: readonly string[];
}

/** A request that its signer does not grant, however often it is tried. */
export class RequestRefused extends Error {}

type Check = (facts: RequestFacts) => void;

/** By signer: throws RequestRefused for what the signer does not sign. */
export const checksOfSigners: ReadonlyMap<string, Check> = new Map([
  ["kubernetes.io/kube-apiserver-client", checkClientUsages],
  ["kubernetes.io/kube-apiserver-client-kubelet", checkKubeletClient],
  ["kubernetes.io/kubelet-serving", checkKubeletServing],
  ["kubernetes.io/legacy-unknown", () => {}],
]);

const keyUsages: ReadonlySet<string> = new Set(["digital signature", "key encipherment"]);

function checkClientUsages({ usages }: RequestFacts): void {
  const wrong = usages.find((usage) => !keyUsages.has(usage) && usage !== "client auth");
  if (wrong !== undefined) throw new RequestRefused(`invalid usage for client certificate: ${wrong}`);
  if (!usages.includes("client auth")) {
    throw new RequestRefused("missing required usage for client certificate: client auth");
  }
}

function checkKubeletClient(facts: RequestFacts): void {
  checkNode(facts);
  if (facts.dnsNames.length > 0) throw new RequestRefused("DNS subjectAltNames are not allowed");
  if (facts.emails.length > 0) throw new RequestRefused("Email subjectAltNames are not allowed");
  if (facts.ipAddresses.length > 0) throw new RequestRefused("IP subjectAltNames are not allowed");
  if (facts.uris.length > 0) throw new RequestRefused("URI subjectAltNames are not allowed");
  checkExactly(facts, "client auth");
}

function checkKubeletServing(facts: RequestFacts): void {
  checkNode(facts);
  if (facts.dnsNames.length + facts.ipAddresses.length === 0) {
    throw new RequestRefused("DNS or IP subjectAltName is required");
  }
  if (facts.emails.length > 0) throw new RequestRefused("Email subjectAltNames are not allowed");
  if (facts.uris.length > 0) throw new RequestRefused("URI subjectAltNames are not allowed");
  checkExactly(facts, "server auth");
}

function checkNode({ commonName, organizations }: RequestFacts): void {
  if (organizations.length !== 1 || organizations[0] !== "system:nodes") {
    throw new RequestRefused("subject organization is not system:nodes");
  }
  if (!commonName.startsWith("system:node:")) {
    throw new RequestRefused("subject common name does not begin with system:node: ");
  }
}

/** Key encipherment may be missing, since not every kind of key can do it. */
function checkExactly({ usages }: RequestFacts, purpose: string): void {
  const asked = new Set(usages);
  const required = [purpose, "digital signature"];
  const isFit = required.every((usage) => asked.has(usage)) && usages.every((u) => u === purpose || keyUsages.has(u));
  if (!isFit) throw new RequestRefused(`usages did not match [${[...required].sort().join(" ")}]`);
}
