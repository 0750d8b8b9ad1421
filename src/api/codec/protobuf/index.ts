/** The Kubernetes protobuf wire format, both ways, for every type that has a protobuf message. */
export { decodeMessage } from "./decode.ts";
export { encodeMessage } from "./encode.ts";
export type { ProtobufDocument } from "./envelope.ts";
export {
  decodeProtobuf,
  encodeProtobuf,
  encodeProtobufList,
  openProtobuf,
  protobufEnvelope,
  protobufWatchFrame,
  readProtobufWatchEvent,
} from "./envelope.ts";
