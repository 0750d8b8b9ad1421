import { status } from "@grpc/grpc-js";
import { CompactedError, FutureRevisionError, StoreError } from "../store.ts";

/** What a client is told in etcd's words and with its gRPC code. */
export class Refusal extends Error {
  override readonly name = "Refusal";
  readonly code: number;
  readonly details: string;

  constructor(code: number, details: string) {
    super(details);
    this.code = code;
    this.details = details;
  }
}

export const refusals = {
  emptyKey: () => new Refusal(status.INVALID_ARGUMENT, "etcdserver: key is not provided"),
  keyNotUtf8: () => new Refusal(status.INVALID_ARGUMENT, "sampan: keys are UTF-8 here"),
  keyNotFound: () => new Refusal(status.INVALID_ARGUMENT, "etcdserver: key not found"),
  valueProvided: () => new Refusal(status.INVALID_ARGUMENT, "etcdserver: value is provided"),
  leaseProvided: () => new Refusal(status.INVALID_ARGUMENT, "etcdserver: lease is provided"),
  duplicateKey: () => new Refusal(status.INVALID_ARGUMENT, "etcdserver: duplicate key given in txn request"),
  tooManyOperations: () => new Refusal(status.INVALID_ARGUMENT, "etcdserver: too many operations in txn request"),
  leaseNotFound: () => new Refusal(status.NOT_FOUND, "etcdserver: requested lease not found"),
  leaseExists: () => new Refusal(status.FAILED_PRECONDITION, "etcdserver: lease already exists"),
  leaseTooLong: () => new Refusal(status.OUT_OF_RANGE, "etcdserver: too large lease TTL"),
  conflict: () => new Refusal(status.UNAVAILABLE, "etcdserver: too many requests"),
  notAnObject: (key: string, why: string) =>
    new Refusal(
      status.INVALID_ARGUMENT,
      `sampan: ${key} belongs to a resource of Kubernetes, and the value is no object of it in JSON or protobuf: ${why}`,
    ),
};

/** What a gRPC call ends with for an error of ours; anything unknown is an internal error with its text. */
export function asRefusal(error: unknown): Refusal {
  if (error instanceof Refusal) return error;
  if (error instanceof CompactedError) return new Refusal(status.OUT_OF_RANGE, error.message);
  if (error instanceof FutureRevisionError) return new Refusal(status.OUT_OF_RANGE, error.message);
  if (error instanceof StoreError) return new Refusal(status.UNAVAILABLE, error.message);
  return new Refusal(status.INTERNAL, error instanceof Error ? error.message : String(error));
}
