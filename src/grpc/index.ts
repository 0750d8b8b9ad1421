/**
 * gRPC services from compact descriptors (protobufjs's JSON form): the container runtime interface and etcd's API.
 * Owns how a message becomes bytes and what a service's methods are called; connections are @grpc/grpc-js's own.
 */

export { type Descriptor, type Fields, message, service } from "./descriptor.ts";
export type { MessageOptions } from "./service-definition.ts";
export { serviceDefinition } from "./service-definition.ts";
export { whyUnreachable } from "./unreachable.ts";
