/** What a bound object reference of a token says. */
export interface BoundReference {
  readonly name: string;
  readonly uid?: string;
}

/** Claims of a service account token, as Kubernetes 1.36 writes them. */
export interface TokenClaims {
  readonly aud: readonly string[];
  readonly exp: number;
  readonly iat: number;
  readonly iss: string;
  readonly jti: string;
  readonly nbf: number;
  readonly sub: string;
  readonly "kubernetes.io": {
    readonly namespace: string;
    readonly node?: BoundReference;
    readonly pod?: BoundReference;
    readonly secret?: BoundReference;
    readonly serviceaccount: BoundReference;
    readonly warnafter?: number;
  };
}

/** Who signs tokens that are kept in secrets. */
export const secretTokenIssuer = "kubernetes/serviceaccount";

/** Claims of a token that is kept in a secret: it holds as long as secret and account do. */
export interface SecretTokenClaims {
  readonly iss: typeof secretTokenIssuer;
  readonly "kubernetes.io/serviceaccount/namespace": string;
  readonly "kubernetes.io/serviceaccount/secret.name": string;
  readonly "kubernetes.io/serviceaccount/service-account.name": string;
  readonly "kubernetes.io/serviceaccount/service-account.uid": string;
}

export const serviceAccountPrefix = "system:serviceaccount:";
export const extraKeys = {
  credentialId: "authentication.kubernetes.io/credential-id",
  nodeName: "authentication.kubernetes.io/node-name",
  nodeUid: "authentication.kubernetes.io/node-uid",
  podName: "authentication.kubernetes.io/pod-name",
  podUid: "authentication.kubernetes.io/pod-uid",
} as const;

export function serviceAccountUser(namespace: string, name: string): string {
  return `${serviceAccountPrefix}${namespace}:${name}`;
}

/** The groups of every service account of a namespace. */
export function serviceAccountGroups(namespace: string): readonly string[] {
  return ["system:serviceaccounts", `system:serviceaccounts:${namespace}`];
}
