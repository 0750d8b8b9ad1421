import type { KindRegistry, ResourceKind } from "../../api/kinds/index.ts";
import type { KubeObject } from "../../api/meta/index.ts";
import type { Host } from "../../host/index.ts";
import type { Compare, Operation, Store } from "../../store/index.ts";
import type { AdmissionChain } from "../admission/index.ts";
import type { Authorizer } from "../auth/authorizer.ts";
import type { ApiRequest } from "../request.ts";
import type { ReviewPorts } from "./subresources/review-ports.ts";
import type { TokenIssuer } from "./subresources/token.ts";

/** What the verbs share. */
export interface HandlerContext {
  readonly host: Host;
  readonly store: Store;
  readonly kinds: KindRegistry;
  readonly admission: AdmissionChain;
  /** What happens beside the write of an object of a resource: allocations, and objects that are written with it. By storage prefix. */
  readonly companions: ReadonlyMap<string, WriteCompanion>;
  readonly authorizer?: Authorizer;
  readonly tokens?: TokenIssuer;
  readonly reviews: ReviewPorts;
}

/** One write as a companion sees it; the draft may be changed, `old` is absent for a create. */
export interface PendingWrite {
  readonly kind: ResourceKind;
  readonly draft: KubeObject;
  readonly old?: KubeObject;
  readonly dryRun: boolean;
}

/** What a companion reserved for a write. Exactly one of settle and release is called, once. */
export interface Reservation {
  /** Written in the same transaction. */
  readonly compare?: readonly Compare[];
  readonly operations?: readonly Operation[];
  /** The write is visible. */
  settle(): void;
  /** The write failed, or was a dry run. */
  release(): void;
}

/** Runs beside the writes of one resource: before validation, so that it may refuse or complete the draft. */
export interface WriteCompanion {
  beforeCreate?(write: PendingWrite): Promise<Reservation | undefined>;
  beforeUpdate?(write: PendingWrite): Promise<Reservation | undefined>;
  /** What else is deleted with the object. */
  beforeDelete?(
    kind: ResourceKind,
    object: KubeObject,
  ): Promise<Pick<Reservation, "compare" | "operations"> | undefined>;
}

/** A request whose resource is known: what every verb starts from. */
export interface Call {
  readonly request: ApiRequest;
  readonly kind: ResourceKind;
  readonly dryRun: boolean;
  /** Texts of Warning headers, in order, without repetition. */
  readonly warnings: string[];
}

export function warn(call: Call, text: string): void {
  if (!call.warnings.includes(text)) call.warnings.push(text);
}

export function warningsOf(call: Call): readonly string[] | undefined {
  return call.warnings.length === 0 ? undefined : call.warnings;
}
