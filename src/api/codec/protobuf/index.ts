/** The Kubernetes protobuf wire format, both ways, for every type that has a protobuf message. */
export { decodeMessage } from "./decode.ts";
export { encodeMessage } from "./encode.ts";
export type { ProtobufDocument, ProtobufListFrame } from "./envelope.ts";
export {
  decodeProtobuf,
  encodeProtobuf,
  openProtobuf,
  protobufEnvelope,
  protobufItemHead,
  protobufListFrame,
  protobufWatchFrame,
  readProtobufWatchEvent,
} from "./envelope.ts";
