/** SPDY/3.1, both ends: frames, compressed headers, streams. */
export { SpdyConnection, type SpdyOptions } from "./connection.ts";
export { SpdyError, type SpdyHeaders } from "./header-block.ts";
export type { SpdyStream } from "./stream.ts";
