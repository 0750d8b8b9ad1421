import type { MethodDefinition, ServiceDefinition } from "@grpc/grpc-js";
import protobuf from "protobufjs";
import type { Descriptor } from "./descriptor.ts";

/** How messages look in JavaScript; fields are camelCase, bytes are Buffers, unset fields have their zero value. */
export interface MessageOptions {
  /** 64-bit integers: as numbers where all of them are below 2^53, as decimal text where they are not (nanoseconds). */
  readonly int64: "number" | "text";
}

/**
 * A service as @grpc/grpc-js wants it, for its client (makeGenericClientConstructor) and its server (addService).
 * @param name with its package: `runtime.v1.RuntimeService`
 * @throws when the descriptor has no such service
 */
export function serviceDefinition(descriptor: Descriptor, name: string, options: MessageOptions): ServiceDefinition {
  const root = protobuf.Root.fromJSON(descriptor as protobuf.INamespace);
  const service = root.lookupService(name);
  const definition: Record<string, MethodDefinition<object, object>> = {};
  for (const method of service.methodsArray) {
    const request = codec(service.parent?.lookupType(method.requestType), options);
    const response = codec(service.parent?.lookupType(method.responseType), options);
    definition[method.name] = {
      path: `/${name}/${method.name}`,
      requestStream: method.requestStream === true,
      responseStream: method.responseStream === true,
      requestSerialize: request.encode,
      requestDeserialize: request.decode,
      responseSerialize: response.encode,
      responseDeserialize: response.decode,
      originalName: method.name.charAt(0).toLowerCase() + method.name.slice(1),
    };
  }
  return definition;
}

interface Codec {
  encode(message: object): Buffer;
  decode(bytes: Buffer): object;
}

function codec(type: protobuf.Type | undefined, { int64 }: MessageOptions): Codec {
  if (!type) throw new Error("a gRPC method names a message that its package does not have");
  const longs = int64 === "number" ? Number : String;
  return {
    // fromObject reads names of enums and decimal text of 64-bit integers.
    encode: (message) => Buffer.from(type.encode(type.fromObject(message)).finish()),
    decode: (bytes) => type.toObject(type.decode(bytes), { longs, enums: String, bytes: Buffer, defaults: true }),
  };
}
